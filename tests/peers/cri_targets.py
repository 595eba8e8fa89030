"""What critest is run against: hythe, and for the baseline Debian's containerd with its CRI plugin."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from tests.peers.cri_surroundings import Surroundings, config_of_containerd, insecure
from tests.targets import start_hythe
from tests.waiting import wait_until

_NETWORK = {
    "cniVersion": "0.4.0",
    "name": "pods",
    "plugins": [
        {
            "type": "bridge",
            "bridge": "cni-critest",
            "isGateway": True,
            "ipMasq": True,
            "hairpinMode": True,
            "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.88.77.0/24"}]]},
        },
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ],
}


@contextmanager
def start_hythe_cri(root: Path, around: Surroundings) -> Iterator[str]:
    """The endpoint of a hythe daemon's CRI; at the end its containers are removed."""
    endpoint = f"unix://{root}/cri.sock"
    with start_hythe(root, *insecure(), "--cri", endpoint, within=around.within):
        yield endpoint


@contextmanager
def start_containerd_cri(root: Path, around: Surroundings) -> Iterator[str]:
    """The endpoint of a containerd; its pods are removed with crictl's help by whoever runs it, or by `_end`."""
    config, network = root / "config.toml", root / "cni"
    network.mkdir()
    (network / "10-pods.conflist").write_text(
        json.dumps({**_NETWORK, "plugins": [{**p} for p in _plugins(root)]})
    )
    config.write_text(config_of_containerd(root))
    with ExitStack() as stack:
        log = stack.enter_context((root / "containerd.log").open("wb"))
        process = subprocess.Popen(
            [*around.within, "containerd", "--config", str(config)], stdout=log, stderr=log
        )
        stack.callback(process.wait)
        stack.callback(process.terminate)
        wait_until(lambda: (root / "containerd.sock").exists() or process.poll() is not None)
        assert process.poll() is None, (root / "containerd.log").read_text()[-2000:]
        stack.callback(_remove_pods, root, around)
        yield f"unix://{root}/containerd.sock"


def _plugins(root: Path) -> list[dict[str, object]]:
    bridge, ports = _NETWORK["plugins"]
    assert isinstance(bridge, dict) and isinstance(ports, dict)
    return [{**bridge, "ipam": {**bridge["ipam"], "dataDir": str(root / "ipam")}}, ports]


def _remove_pods(root: Path, around: Surroundings) -> None:
    """Whatever a run has left: containerd ends and its shims would live on."""
    import grpc
    from cri_api.v1 import api_pb2 as cri
    from cri_api.v1 import api_pb2_grpc as services

    with grpc.insecure_channel(f"unix://{root}/containerd.sock") as channel:
        runtime = services.RuntimeServiceStub(channel)  # type: ignore[no-untyped-call]
        for pod in runtime.ListPodSandbox(cri.ListPodSandboxRequest()).items:
            runtime.StopPodSandbox(cri.StopPodSandboxRequest(pod_sandbox_id=pod.id))
            runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod.id))


TARGETS: dict[str, Callable[[Path, Surroundings], AbstractContextManager[str]]] = {
    "hythe": start_hythe_cri,
    "containerd": start_containerd_cri,
}
