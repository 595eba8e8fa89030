"""A spare: a child that has made beforehand what is the same for every container, and waits for its plan.

It is pid 1 of a new pid namespace already, in a control group of its own under a passing name, with new
network, uts, ipc and cgroup namespaces, and holds the trees that show them (`trees`). Joining a control group
may wait for a grace period of the kernel's RCU (10 ms where no other was joined just before), which is here
waited out before anybody asks. With the plan come the three standard streams. Without one (the warden has
closed the line) the spare ends.
"""

from __future__ import annotations

import marshal
import os
from typing import Any, Final, NamedTuple

from hythe.kernel import namespaces as ns
from hythe.kernel import process
from hythe.kernel.cgroups import Group, Layout
from hythe.runtime.init import container
from hythe.runtime.init.channel import Channel
from hythe.runtime.init.security import Filter
from hythe.runtime.init.trees import Pattern, Trees

PLAN_LIMIT: Final = 160 << 10
MADE: Final = frozenset(("pid", "network", "uts", "ipc", "cgroup"))


class Sent(NamedTuple):
    """A plan as it travels: plain values for `marshal`, between a process and its own child."""

    spec: dict[str, Any]
    bundle: str
    rootfs: list[Any]
    path: str
    filter: tuple[bytes, int] | None
    terminal: bool
    init: bool
    open_files: tuple[int, int]


def encode(plan: container.Plan) -> bytes:
    filter = None if plan.filter is None else tuple(plan.filter)
    plain: Any = (*plan[:3], plan.group.path, filter, *plan[5:8])
    return marshal.dumps(plain)


def _decode(packet: bytes, layout: Layout) -> container.Plan:
    sent = Sent(*marshal.loads(packet))
    group = layout.group(sent.path, sent.spec["linux"].get("resources"))
    filter = None if sent.filter is None else Filter(*sent.filter)
    return container.Plan(
        sent.spec, sent.bundle, sent.rootfs, group, filter, sent.terminal, sent.init, sent.open_files
    )


def wait(layout: Layout, group: Group, pattern: Pattern | None, channel: Channel) -> int:
    """Make ready, wait for a plan, become its container. Raises what goes wrong."""
    process.set_dumpable(False)
    group.create()
    group.join()
    ns.unshare(ns.CLONE_NEWNET | ns.CLONE_NEWUTS | ns.CLONE_NEWIPC | ns.CLONE_NEWCGROUP)
    trees = None if pattern is None else Trees(pattern, group)
    packet, fds = channel.receive(PLAN_LIMIT)
    if not packet:
        group.leave()
        group.remove()
        return 0
    for number, fd in enumerate(fds):
        os.dup2(fd, number)
        os.close(fd)
    plan = _decode(packet, layout)
    plan.group.adopt(group.path)
    warnings = plan.group.limit(plan.spec["linux"].get("resources") or {})
    return container.alone(plan, channel, warnings, MADE, trees)
