"""Names of pods and containers in the engine."""

from __future__ import annotations

from cri_api.v1 import api_pb2 as cri

from hythe.api.cri.names import container_name, pod_name
from hythe.engine.names import LONGEST, check_name


def test_as_under_dockershim() -> None:
    pod = cri.PodSandboxMetadata(name="web-1", namespace="shop", uid="8f14", attempt=2)
    assert pod_name(pod) == "k8s_POD_web-1_shop_8f14_2"
    assert (
        container_name(cri.ContainerMetadata(name="nginx", attempt=3), pod) == "k8s_nginx_web-1_shop_8f14_3"
    )


def test_long_and_odd_names_stay_apart() -> None:
    pods = [
        cri.PodSandboxMetadata(name="n" * 253, namespace="s" * 63, uid="u" * 36),
        cri.PodSandboxMetadata(name="n" * 253, namespace="s" * 63, uid="v" * 36),
        cri.PodSandboxMetadata(name="a/b", namespace="s", uid="u"),
        cri.PodSandboxMetadata(name="a-b", namespace="s", uid="u"),
    ]
    names = [pod_name(pod) for pod in pods]
    assert len(set(names)) == 4 and all(check_name(name) and len(name) <= LONGEST for name in names)
