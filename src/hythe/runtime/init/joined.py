"""A further process in a running container (exec): from fork to exec.

The fork has chosen the pid namespace already. The control group is joined while the host's tree is still in
sight, then all other namespaces by one setns(2) on the container's pidfd. From there on only what is the
container's is seen, so nothing is trusted by its name: the terminal comes from what is checked to be devpts.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from hythe.kernel import keyring, paths, process, usernamespaces
from hythe.kernel import namespaces as ns
from hythe.kernel.usernamespaces import Mapping
from hythe.runtime.init import security
from hythe.runtime.init.channel import Channel
from hythe.runtime.init.execute import enter_directory, environment, run
from hythe.runtime.init.staged import become_root, own_streams

if TYPE_CHECKING:
    from hythe.kernel.cgroups import Group
    from hythe.runtime.init.scheduling import Scheduling

_ALL = ns.CLONE_NEWNS | ns.CLONE_NEWNET | ns.CLONE_NEWUTS | ns.CLONE_NEWIPC | ns.CLONE_NEWCGROUP


class ExecPlan(NamedTuple):
    """`process` is an OCI process, valid; `pid` and `pidfd` the container's first process.

    `mapping` is that of its user namespace, None where that is the host's; `root` its root, where that is not the mount
    namespace's. `session`, `scheduling`: as in the container's plan.
    """

    process: dict[str, Any]
    pid: int
    pidfd: int
    group: Group
    filter: security.Filter | None
    terminal: bool
    open_files: tuple[int, int]
    mapping: Mapping | None
    preserved: int = 0
    root: int = -1
    session: str = ""
    scheduling: Scheduling | None = None


def own_mapping(pid: int) -> Mapping | None:
    """What the user namespace of process `pid` maps, None where it is this process's own. Raises OSError."""
    if os.stat(f"/proc/{pid}/ns/user").st_ino == os.stat("/proc/self/ns/user").st_ino:
        return None
    return usernamespaces.read(pid)


def become(plan: ExecPlan, channel: Channel) -> int:
    """Never returns. Raises what goes wrong."""
    process.set_dumpable(False)
    spec = plan.process
    plan.group.join(beside=plan.pid)
    warnings = security.set_limits(spec, plan.open_files)
    if plan.scheduling is not None:
        plan.scheduling.give(0)
    prepared = security.prepare(spec)
    uid = (spec.get("user") or {}).get("uid", 0)
    if plan.mapping is None:
        security.own_streams(uid, terminal=plan.terminal)
        ns.setns(plan.pidfd, _ALL)
    else:
        own_streams(spec, plan.mapping, terminal=plan.terminal)
        ns.setns(plan.pidfd, _ALL | ns.CLONE_NEWUSER)
        become_root(plan.mapping)
    os.close(plan.pidfd)
    if plan.session:
        keyring.join(plan.session)
    if plan.root >= 0:
        os.fchdir(plan.root)
        os.chroot(".")
        os.close(plan.root)
    master: int | None = None
    if plan.terminal:
        master = _terminal(spec, uid)
    enter_directory(spec.get("cwd") or "/", make=False)
    channel.send("ready", master, warnings=warnings + prepared.warnings + security.ungranted(spec))
    if master is not None:
        os.close(master)
    if plan.scheduling is not None:
        plan.scheduling.take()
    process.close_on_exec_from(3 + plan.preserved)  # before the filter, which may know no close_range(2)
    security.apply(spec, prepared, plan.filter, channel)
    run(spec["args"], environment(spec.get("env") or []))


def _terminal(spec: dict[str, Any], uid: int) -> int:
    from hythe.runtime.init import terminal

    size = spec.get("consoleSize") or {}
    root = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    pts = paths.locate(root, "dev/pts", flags=os.O_DIRECTORY)
    os.close(root)
    master = terminal.give(pts, -1, uid, (size.get("height", 0), size.get("width", 0)))
    os.close(pts)
    return master
