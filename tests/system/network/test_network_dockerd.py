"""Side by side with a real dockerd in the same network namespace, which drops what it does not know."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hythe.network.model import PortRequest
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from hythe.network.manager import Manager
    from hythe.network.model import EndpointRecord
    from tests.system.network.conftest import Lab, Space

pytestmark = pytest.mark.root
HOST, NEIGHBOUR = "198.18.0.1", "198.18.0.2"


@contextmanager
def dockerd(folder: Path) -> Iterator[None]:
    """A dockerd in this thread's network namespace, ready; stopped at the end."""
    folder.mkdir(exist_ok=True)
    socket = f"unix://{folder}/docker.sock"
    log = (folder / "log").open("w")
    command = [
        "dockerd",
        "--data-root",
        str(folder / "data"),
        "--exec-root",
        str(folder / "exec"),
        "-H",
        socket,
    ]
    command += ["--pidfile", str(folder / "pid"), "--storage-driver", "vfs", "--iptables=true"]
    daemon = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        subprocess.run(
            [
                "timeout",
                str(40 * PATIENCE),
                "sh",
                "-c",
                f"until docker -H {socket} version; do sleep 0.2; done",
            ],
            check=True,
            capture_output=True,
        )
        yield
    finally:
        daemon.terminate()
        daemon.wait(30 * PATIENCE)
        log.close()


def works(lab: Lab, address: str) -> bool:
    host, neighbour = lab.host, lab.neighbour
    return (
        neighbour.reaches(HOST, 8080)
        and host.reaches("127.0.0.1", 8080)
        and host.reaches(address, 80)
        and neighbour.cannot_reach(address, 80)
    )


def check_everything(lab: Lab, manager_first: bool) -> None:
    folder = Path(f"/tmp/hythe-test-{lab.instance}")
    try:
        if manager_first:
            manager = lab.manager()
            a, at_a = lab.container(manager, "bridge", "a")
            with dockerd(folder):
                subprocess.run(["iptables", "-P", "FORWARD", "DROP"], check=True)
                inspect(lab, manager, a, at_a)
        else:
            with dockerd(folder):
                subprocess.run(["iptables", "-P", "FORWARD", "DROP"], check=True)
                manager = lab.manager()
                a, at_a = lab.container(manager, "bridge", "a")
                inspect(lab, manager, a, at_a)
        manager.shutdown(remove_all=True)
        assert (
            "hythe" not in subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True).stdout
        )
    finally:
        subprocess.run(["rm", "-rf", str(folder)], check=True)


def inspect(lab: Lab, manager: Manager, a: Space, at_a: EndpointRecord) -> None:
    b, _ = lab.container(manager, "bridge", "b")
    manager.publish("id-a", [PortRequest(80, "tcp", "", 8080)])
    assert lab.eventually(lambda: rules(lab) == 2)
    lab.neighbour.run("ip", "route", "replace", at_a.ipv4, "via", HOST)
    assert works(lab, at_a.ipv4)
    assert b.reaches(at_a.ipv4, 80)
    assert a.reaches(NEIGHBOUR, 7)
    # Another program flushes, and iptables can still read the chain with our rules in it.
    subprocess.run(["iptables", "-F", "FORWARD"], check=True)
    assert lab.eventually(lambda: rules(lab) == 2)
    shown = subprocess.run(["iptables", "-S", "FORWARD"], check=True, capture_output=True, text=True).stdout
    assert f"-i hy{lab.instance[:4]}+" in shown and f"-o hy{lab.instance[:4]}+" in shown
    assert works(lab, at_a.ipv4)
    subprocess.run(["iptables", "-P", "FORWARD", "ACCEPT"], check=True)
    assert lab.eventually(lambda: rules(lab) == 0)


def rules(lab: Lab) -> int:
    shown = subprocess.run(["iptables", "-S", "FORWARD"], check=True, capture_output=True, text=True).stdout
    return shown.count(f"hy{lab.instance[:4]}+")


@pytest.mark.parametrize("manager_first", [True, False])
def test_beside_dockerd(lab: Lab, manager_first: bool) -> None:
    check_everything(lab, manager_first)
