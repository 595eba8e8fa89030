"""A spare: the two processes of a container with a user namespace (`staged`), made before anybody asks for one.

The first process is there, in all of its namespaces, and in a control group of its own under a passing name: joining
one may wait for a grace period of the kernel's RCU (10 ms where no other was joined just before). What the last
container had and the next will have (`guess`) is made at once. The helper outside waits for the plan, which comes with
the three standard streams, and passes both on. Without a plan (the warden has closed the line) both end.

While they wait, both do once for nothing what they will do for the plan: a process that has just been forked pays
for every page that it writes to, and an interpreter writes to whatever it looks at (2 ms of a start, measured).
"""

from __future__ import annotations

import marshal
import os
import select
import signal
import socket
from typing import Any, Final, NamedTuple

from hythe.kernel import identity, overlay, process
from hythe.kernel import namespaces as ns
from hythe.kernel.cgroups import Group, Layout
from hythe.oci.spec import Mount
from hythe.runtime.init import container, masking, mounts, sources, staged
from hythe.runtime.init.channel import Channel
from hythe.runtime.init.guess import Guess, Made
from hythe.runtime.init.order import LostPeer
from hythe.runtime.init.security import Filter

PLAN_LIMIT: Final = 160 << 10
_GROUPED: Final = b"!"
_REHEARSED: Final[list[Mount]] = [
    {
        "destination": "/dev",
        "type": "tmpfs",
        "source": "tmpfs",
        "options": ["nosuid", "mode=755", "size=64k"],
    },
    {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]},
]
MADE: Final = frozenset(("user", "pid", "mount", "network", "uts", "ipc", "cgroup"))


class Sent(NamedTuple):
    """A plan as it travels: plain values for `marshal`, between a process and its own children."""

    spec: dict[str, Any]
    bundle: str
    rootfs: list[Any]
    path: str
    filter: tuple[bytes, int, str, str] | None
    terminal: bool
    init: bool
    open_files: tuple[int, int]
    session: str


def encode(plan: container.Plan) -> bytes:
    filter = None if plan.filter is None else tuple(plan.filter)
    plain: Any = (*plan[:3], plan.group.path, filter, *plan[5:8], plan.session)
    return marshal.dumps(plain)


def _decode(packet: bytes, layout: Layout) -> container.Plan:
    sent = Sent(*marshal.loads(packet))
    group = layout.group(sent.path, sent.spec["linux"].get("resources"))
    filter = None if sent.filter is None else Filter(*sent.filter)
    return container.Plan(
        sent.spec, sent.bundle, sent.rootfs, group, filter, sent.terminal, sent.init, sent.open_files,
        session=sent.session,
    )  # fmt: skip


def _rehearse(layout: Layout) -> None:
    """Decode a plan of no container: what has been run once has its memory, and is run faster."""
    linux: dict[str, Any] = {"namespaces": [{"type": kind} for kind in MADE], "resources": {}}
    spec = {"linux": linux, "process": {}, "mounts": _REHEARSED}
    plan = _decode(marshal.dumps((spec, "/", [], "/none", None, False, False, (1, 1), "")), layout)
    plan.group.limit({})
    staged.kinds(plan.spec)
    mounts.parse_all(plan.spec["mounts"])


def inside(layout: Layout, group: Group, guess: Guess, line: socket.socket, channel: Channel) -> int:
    """Make what is guessed, wait for a plan, become its container. Raises what goes wrong."""
    if line.recv(len(_GROUPED)) != _GROUPED:
        return 0  # the one outside has told why
    ns.unshare(ns.CLONE_NEWCGROUP)
    made = Made(guess, group)
    os.close(mounts.file_system(mounts.parse_all(_REHEARSED[1:])[0]))
    os.close(masking.host_null())
    _rehearse(layout)
    packet, fds, _, _ = socket.recv_fds(line, PLAN_LIMIT, 3)
    if not packet:
        return 0
    _take_streams(fds)
    return staged.inside(_decode(packet, layout), line, channel, made)


def outside(
    layout: Layout, group: Group, guess: Guess, pid: int, line: socket.socket, channel: Channel
) -> int:
    """Make ready, wait for a plan, do for its container what it cannot do. Raises what goes wrong."""
    process.set_dumpable(False)
    pidfd = identity.pidfd_open(pid)
    group.create()
    group.join(pid)
    group.limit({"devices": guess.devices})
    line.send(_GROUPED)
    os.close(sources.dev(mounts.parse_all(_REHEARSED)[0], [], None, ["pts"]))
    overlay.from_options(["lowerdir+=/lower", "upperdir=/upper", "workdir=/work"])
    _rehearse(layout)
    packet, fds = channel.receive(PLAN_LIMIT)
    if not packet:
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        select.select([pidfd], [], [])
        group.remove()
        return 0
    try:
        socket.send_fds(line, [packet], fds)
        _take_streams(fds)
        plan = _decode(packet, layout)
        plan.group.adopt(group.path)
        staged.provide(plan, pid, line, channel, guess)
    except (BrokenPipeError, LostPeer):
        pass  # the container's process has failed, and has told why
    return 0


def _take_streams(fds: list[int]) -> None:
    for number, fd in enumerate(fds):
        os.dup2(fd, number)
        os.close(fd)
