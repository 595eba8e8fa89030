"""A container with a user namespace of its own: what runs inside of it, and what is done for it from outside.

A process in a new user namespace owns everything there and nothing outside: it can mount /proc and pivot, but not
open an image's layers, make a device node or raise a limit. So two share the work. The container's first
process is made together with all of its namespaces (`kernel.namespaces.cloned`), which its user namespace then
owns, and waits (`inside`). A second one, which stays the host's root (`outside`), puts it into its control
group, writes its mapping, makes the detached mounts (`sources`), hands them over, and ends.

    outside                      inside
       | group, limits             |  waits
       | id mapping, warnings ---->|  becomes its root; tells "namespaces"
       | root, binds, /dev ------->|  mounts, masks, pivots: as any other container

A container that joins another's user namespace has its mapping already, and is made by a process that has
joined it first, so that the pid namespace is owned there too (`fork.Forker.stage`).
"""

from __future__ import annotations

import marshal
import os
import socket
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from hythe.errors import InvalidArgument
from hythe.kernel import namespaces as ns
from hythe.kernel import process, usernamespaces
from hythe.runtime.init import container, namespaces, security
from hythe.runtime.init.channel import Channel
from hythe.runtime.init.container import Plan
from hythe.runtime.init.guess import NOTHING, Guess, Made, remaining
from hythe.runtime.init.mappings import mapping_in
from hythe.runtime.init.mounts import Prepared, all_of, new
from hythe.runtime.init.order import LostPeer, mine, turns
from hythe.runtime.init.sources import Layers, Namespace, gather, receive, send

_LIMIT: Final = 1 << 16
NEW: Final = ns.CLONE_NEWUSER | ns.CLONE_NEWPID | ns.CLONE_NEWNS | ns.CLONE_NEWNET | ns.CLONE_NEWUTS
"""What most containers are cloned into."""


class Kinds(NamedTuple):
    """How the namespaces of a container come about: made by clone(2), joined by path, or made later from inside.

    A cgroup namespace has the group at its making as its top, and the files of an ipc namespace's queues are
    owned by who makes it: these two come later.
    """

    new: int
    joined: list[tuple[str, str]]
    cgroup: bool
    ipc: bool


def kinds(spec: dict[str, Any]) -> Kinds:
    """Those of a container that has or joins a user namespace."""
    entries = spec["linux"]["namespaces"]
    own = namespaces.own(spec["linux"])
    new = 0
    for kind in own & {"user", "pid", "mount", "network", "uts"}:
        new |= ns.FLAGS[kind]
    joined = [(one["type"], one["path"]) for one in entries if one.get("path") and one["type"] != "time"]
    return Kinds(new, joined, "cgroup" in own, "ipc" in own)


def inside(plan: Plan, line: socket.socket, channel: Channel, made: Made | None = None) -> int:
    """The container's first process. Raises what goes wrong.

    `made`: mounts that are there, in the namespace of control groups that it is in already.
    """
    packet = line.recv(_LIMIT)
    if not packet:
        return 0  # the one outside has told why
    warnings = marshal.loads(packet)
    wanted = kinds(plan.spec)
    become_root(mapping_in(plan.spec["linux"]))
    late = ns.CLONE_NEWIPC if wanted.ipc else 0
    if wanted.cgroup and made is None:
        late |= ns.CLONE_NEWCGROUP
    ns.unshare(late)
    channel.send("namespaces")
    prepared = all_of(plan.spec)
    try:
        own = {
            number: new(one, plan.group, own_cgroup=wanted.cgroup, early=made.take(one) if made else None)
            for number, one in _order(plan, prepared, line, outside=False)
        }
    except LostPeer:
        return 0
    if made is not None:
        made.close()
    sources = receive(line)
    if sources is None:
        return 0
    line.close()
    sources.trees.update(own)
    return container.complete(plan, channel, warnings, prepared, sources)


def _order(
    plan: Plan, prepared: list[Prepared], line: socket.socket, *, outside: bool
) -> Iterator[tuple[int, Prepared]]:
    return turns(prepared, line, outside=outside) if plan.in_order else mine(prepared, outside=outside)


def become_root(mapping: usernamespaces.Mapping | None = None) -> None:
    """Become the user namespace's root, where it has one: files can only be made by ids that exist in it.

    `mapping`: what it maps, if that is known.
    """
    mapping = mapping or usernamespaces.read("self")
    if mapping.gid(0) is not None:
        os.setresgid(0, 0, 0)
    if mapping.uid(0) is not None:
        os.setresuid(0, 0, 0)


def outside(plan: Plan, pid: int, line: socket.socket, channel: Channel, *, joined: bool) -> int:
    """Everything that `inside`, running as `pid`, cannot do; a process of its own. Raises what goes wrong.

    `joined`: it is in its control group already.
    """
    process.set_dumpable(False)
    if not joined:
        plan.group.join(pid)
    try:
        provide(plan, pid, line, channel)
    except (BrokenPipeError, LostPeer):
        pass  # the container's process has failed, and has told why
    return 0


def provide(plan: Plan, pid: int, line: socket.socket, channel: Channel, guess: Guess = NOTHING) -> None:
    """Limits, the mapping, and what only the host's root can open; `pid` is in its control group.

    `guess`: what has been set of its limits.
    The channel is let go of before the last word to `inside`: its end is the news of an exec, which would not come
    while this process, for want of a processor, is still about to end.
    """
    spec = plan.spec
    warnings = plan.group.limit(remaining(spec["linux"].get("resources") or {}, guess))
    warnings += security.set_limits(spec["process"], plan.open_files, pid=pid)
    if plan.scheduling is not None:
        plan.scheduling.give(pid)
    mapping = mapping_in(spec["linux"])
    if mapping is not None:
        usernamespaces.write(pid, mapping)
    user = os.open(f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    if mapping is None:
        mapping = usernamespaces.mapping_of(user)
    own_streams(spec["process"], mapping, terminal=plan.terminal)
    line.send(marshal.dumps(warnings))
    prepared = all_of(spec)
    layers, order = Layers(plan.rootfs, plan.bundle), _order(plan, prepared, line, outside=True)
    sources = gather(spec, prepared, layers, Namespace(user, mapping), plan.group, order)
    channel.close()
    send(line, sources)


def own_streams(spec: dict[str, Any], mapping: usernamespaces.Mapping, *, terminal: bool) -> None:
    """Give this process's streams to the user that the container's process will be."""
    uid = (spec.get("user") or {}).get("uid", 0)
    owner = mapping.uid(uid)
    if owner is None:
        raise InvalidArgument(f"user {uid} does not exist in the container's user namespace")
    security.own_streams(owner, terminal=terminal)
