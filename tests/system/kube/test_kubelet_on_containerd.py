"""A pod's whole life on containerd. All the other tests of the kubelet run there too, as slow ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.kube.kubelets import FOREVER, a_node, a_pod, container
from tests.system.kube.test_kubelet_volumes import in_pod, mounts

pytestmark = pytest.mark.root


async def test_a_pod_on_containerd(containerd_cri: str, tmp_path: Path) -> None:
    async with a_node(containerd_cri, tmp_path) as node:
        volumes = [{"name": "d", "emptyDir": {}}]
        inits = [container("first", "echo made > /d/f", **mounts(d="/d"))]
        mains = [container("c0", f"echo hello; {FOREVER}", **mounts(d="/d"))]
        node.put(a_pod("web", containers=mains, initContainers=inits, volumes=volumes))
        status = await node.ready("web")
        assert status["containerStatuses"][0]["containerID"].startswith("containerd://")
        assert await in_pod(node, "web", "cat /d/f") == "made\n"
        assert await node.said("web", "c0") == "hello\n"
        await node.delete("web")
        await node.until(lambda: not list((tmp_path / "kubelet/pods").iterdir()))
