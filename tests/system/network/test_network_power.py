"""A daemon that dies between any two of its requests to the kernel: the next one leaves no trace of it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from hythe.kernel.netlink.channel import Channel
from hythe.kernel.nftables import Nftables
from hythe.network.manager import Manager
from hythe.network.model import NetworkRequest, PortRequest
from hythe.store.database import Database

if TYPE_CHECKING:
    from tests.system.network.conftest import Lab, Space

pytestmark = pytest.mark.root
DIED, DONE = 9, 0


def die_at(step: int) -> None:
    """Have this process end at its `step`-th request to the kernel, after the request for odd steps."""
    made = [0]

    def counted(original: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*arguments: Any, **options: Any) -> Any:
            made[0] += 1
            last = made[0] == (step + 1) // 2
            if last and step % 2 == 0:
                os._exit(DIED)
            try:
                return original(*arguments, **options)
            finally:
                if last:
                    os._exit(DIED)

        return wrapper

    setattr(Channel, "send", counted(Channel.send))  # noqa: B010 - in a process of its own
    setattr(Nftables, "run", counted(Nftables.run))  # noqa: B010


def live_through(lab: Lab, space: Space) -> None:
    """Everything a daemon does for a container, from its start to its end."""
    manager = Manager(Database(lab.folder / "state.db"), lab.instance)
    manager.startup()
    network = manager.create(NetworkRequest("web"))
    manager.attach(network.id, "a", "a", space.pid, index=0, default_route=True, names=["a"])
    manager.publish("a", [PortRequest(80, "tcp", "", 8080), PortRequest(80, "udp", "", 8080)])
    manager.unpublish("a")
    manager.detach(network.id, "a")
    manager.remove("web")
    manager.shutdown(remove_all=True)


def remains() -> str:
    commands = ("ip -o link", "ip route show type unreachable", "nft list tables")
    shown = [subprocess.run(c.split(), capture_output=True, text=True, check=True).stdout for c in commands]
    return "\n".join(
        line for text in shown for line in text.splitlines() if " lo:" not in line and "lan0" not in line
    )


def test_death_at_every_step(lab: Lab) -> None:
    space = lab.space("a")
    for step in range(1, 200):
        pid = os.fork()
        if pid == 0:
            die_at(step)
            live_through(lab, space)
            os._exit(DONE)
        _, status = os.waitpid(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        assert code in (DIED, DONE), f"step {step} ended with {code}"
        successor = lab.manager()
        successor.reconcile({})
        assert not any(
            network.name == "web" and successor.endpoints(network.id) for network in successor.list()
        )
        if any(network.name == "web" for network in successor.list()):
            successor.remove("web")
        successor.shutdown(remove_all=True)
        assert remains() == "", f"step {step}"
        if code == DONE:
            assert step > 20
            return
    pytest.fail("the daemon never came to its end")
