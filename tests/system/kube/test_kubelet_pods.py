"""Pods on a real runtime: from a Pod's object to processes, and to the status that is reported."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hythe.kernel.namespaces import CLONE_NEWNET, setns, unshare
from tests.system.kube.containerd import containerd
from tests.system.kube.kubelets import FOREVER, a_node, a_pod
from tests.system.network.conftest import ip

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def cri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A runtime's address; the test's own thread is in the network namespace in which its pods are reached."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        unshare(CLONE_NEWNET)
        ip("link", "set", "lo", "up")
        with containerd(tmp_path_factory.mktemp("cri")) as address:
            yield address
    finally:
        setns(home, CLONE_NEWNET)
        os.close(home)


async def test_pod_runs_and_ends(cri: str, tmp_path: Path) -> None:
    async with a_node(cri, tmp_path) as node:
        node.put(a_pod("web", FOREVER))
        status = await node.ready("web")
        assert status["phase"] == "Running"
        assert [one["reason"] for one in node.events("web")] == ["Pulled", "Created", "Started"]
        took = await node.delete("web")
        assert took < 5
