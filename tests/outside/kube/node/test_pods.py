"""Pods of every sort through kubectl: what it shows of those that do not start, restart, or are looked into."""

from __future__ import annotations

from typing import Any

import pytest

from tests.outside.kube.nodes import Cluster
from tests.waiting import wait_until

pytestmark = pytest.mark.root


def pod(name: str, command: str, *, image: str = "busybox", **spec: Any) -> dict[str, Any]:
    one = {
        "name": "main", "image": image, "imagePullPolicy": "IfNotPresent", "command": ["sh", "-c", command],
        **spec.pop("container", {}),
    }  # fmt: skip
    spec = {"terminationGracePeriodSeconds": 1, "containers": [one], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def shown(whole: Cluster, space: str, name: str) -> str:
    """The line of `kubectl get pods`."""
    return whole.kubectl("get", "pod", name, "-n", space, "--no-headers", check=False)


def test_pods_that_do_not_start(whole: Cluster, space: str) -> None:
    secret = {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "none", "key": "a"}}}]}
    whole.apply(
        pod("image", "true", image="localhost:1/none:1"),
        pod("config", "true", container=secret),
        pod("crash", "echo oops; exit 3"),
        namespace=space,
    )
    wait_until(lambda: "ImagePullBackOff" in shown(whole, space, "image"), 30)
    wait_until(lambda: "CreateContainerConfigError" in shown(whole, space, "config"), 30)
    wait_until(lambda: "CrashLoopBackOff" in shown(whole, space, "crash"), 30)
    refused = whole.kubectl("logs", "image", "-n", space, check=False)
    assert refused == (
        'Error from server (BadRequest): container "main" in pod "image" is waiting to start: '
        "trying and failing to pull image\n"
    )
    assert whole.kubectl("logs", "crash", "-n", space, "--previous") == "oops\n"
    events = whole.kubectl("describe", "pod", "config", "-n", space)
    assert 'Error: secret "none" not found' in events


def test_init_containers_and_a_sidecar(whole: Cluster, space: str) -> None:
    image = {"image": "busybox", "imagePullPolicy": "IfNotPresent"}
    inits = [
        {"name": "first", **image, "command": ["sh", "-c", "echo made > /d/f"],
         "volumeMounts": [{"name": "d", "mountPath": "/d"}]},
        {"name": "side", **image, "restartPolicy": "Always", "command": ["sleep", "1000"]},
    ]  # fmt: skip
    mounted = {"volumeMounts": [{"name": "d", "mountPath": "/d"}]}
    volumes = [{"name": "d", "emptyDir": {}}]
    whole.apply(
        pod(
            "app", "cat /d/f", container=mounted, volumes=volumes, initContainers=inits, restartPolicy="Never"
        ),
        namespace=space,
    )
    whole.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/app", "-n", space, "--timeout=30s")
    assert whole.kubectl("logs", "app", "-n", space) == "made\n"
    assert "Completed" in shown(whole, space, "app")


def test_a_container_to_look_into_another(whole: Cluster, space: str) -> None:
    whole.apply(pod("app", "exec sleep 4242"), namespace=space)
    whole.kubectl("wait", "--for=condition=Ready", "pod/app", "-n", space, "--timeout=30s")
    whole.kubectl(
        "debug", "app", "-n", space, "--image=busybox", "--image-pull-policy=IfNotPresent", "--target=main",
        "--container=look", "--", "sh", "-c", "ps; sleep 1000",
    )  # fmt: skip
    wait_until(
        lambda: "sleep 4242" in whole.kubectl("logs", "app", "-c", "look", "-n", space, check=False), 30
    )


def test_a_secret_that_changes_is_seen(whole: Cluster, space: str) -> None:
    whole.kubectl("create", "secret", "generic", "word", "-n", space, "--from-literal=key=old")
    mounted = {"volumeMounts": [{"name": "s", "mountPath": "/s"}]}
    volumes = [{"name": "s", "secret": {"secretName": "word"}}]
    whole.apply(pod("app", "exec sleep 1000", container=mounted, volumes=volumes), namespace=space)
    whole.kubectl("wait", "--for=condition=Ready", "pod/app", "-n", space, "--timeout=30s")
    read = ("exec", "app", "-n", space, "--", "cat", "/s/key")
    assert whole.kubectl(*read) == "old"
    whole.kubectl("patch", "secret", "word", "-n", space, "-p", '{"stringData": {"key": "new"}}')
    wait_until(lambda: whole.kubectl(*read) == "new", 15)
