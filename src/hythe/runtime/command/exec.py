"""run a further process in a container"""

from __future__ import annotations

import os
import resource
from typing import TYPE_CHECKING, Any

from hythe.errors import Conflict
from hythe.kernel import identity, keyring
from hythe.runtime import validate
from hythe.runtime.command import (
    bundle,
    console,
    conversation,
    filters,
    forking,
    groups,
    guard,
    jsonfile,
    launch,
    report,
)
from hythe.runtime.command.context import Context
from hythe.runtime.command.execflags import FLAGS, described
from hythe.runtime.command.folder import Folder, State, status
from hythe.runtime.command.undo import Undo
from hythe.runtime.fork import Born, Forker
from hythe.runtime.init import joined, parts

if TYPE_CHECKING:
    from hythe.kernel.cgroups import Group
    from hythe.runtime.init.scheduling import Scheduling

__all__ = ["ARGUMENTS", "FLAGS", "USAGE", "action"]
USAGE = "[command options] <container-id> <command> [arguments...] || -p process.json <container-id>"
ARGUMENTS = (1, 1 << 16)


def action(context: Context, options: dict[str, Any], arguments: list[str]) -> int:
    from hythe.runtime.command import foreground

    count = launch.preserved(options["preserve_fds"])
    folder = Folder(context.root, arguments[0])
    state = folder.load()
    _allowed(status(folder, state), options)
    spec = described(options, arguments[1:], state["bundle"])
    scheduling = bundle.scheduling_in(spec, state.get("linux") or {})
    validate.process(spec)
    group = groups.inside(state["cgroup"], options["cgroup"])
    terminal, detached = bool(spec.get("terminal")), options["detach"]
    console.check(terminal=terminal, detached=detached, console_socket=options["console_socket"])
    guard.protect()
    keyring.join(folder.id)
    with Undo() as undo:
        signals = -1 if detached else foreground.block_signals()
        born = _fork(folder, state, spec, count, group, scheduling)
        undo.add(lambda: launch.end(born.pid))
        warnings, master = conversation.until_ready(born.channel, lambda: None, lambda: None)
        for warning in warnings:
            report.log(context, "warning", warning)
        if options["console_socket"]:
            console.hand_over(master, options["console_socket"])
        conversation.until_exec(born.channel, filters.listener(folder, state, born.pid))
        if options["pid_file"]:
            jsonfile.write_text(options["pid_file"], str(born.pid), 0o644)
        undo.keep()
    return 0 if detached else foreground.follow(born.pid, signals, master)


def _allowed(now: str, options: dict[str, Any]) -> None:
    if now == "stopped":
        raise Conflict("cannot exec in a stopped container")
    if now == "paused" and not options["ignore_paused"]:
        raise Conflict("cannot exec in a paused container (use --ignore-paused to override)")


def _fork(
    folder: Folder,
    state: State,
    spec: dict[str, Any],
    count: int,
    group: Group,
    scheduling: Scheduling | None,
) -> Born:
    if scheduling is not None and scheduling.makers_cpus:
        os.sched_setaffinity(0, scheduling.makers_cpus)
    pidfd = identity.pidfd_open(state["pid"])
    root = -1 if state["own_mounts"] else os.open(f"/proc/{state['pid']}/root", os.O_PATH | os.O_CLOEXEC)
    pipes = forking.streams(terminal=bool(spec.get("terminal")))
    try:
        if not identity.alive(state["pid"], state["start_time"]):
            raise Conflict("cannot exec in a stopped container")
        plan = joined.ExecPlan(
            spec, state["pid"], pidfd, group, filters.kept(folder.path), bool(spec.get("terminal")),
            resource.getrlimit(resource.RLIMIT_NOFILE), joined.own_mapping(state["pid"]), count, root,
            scheduling=scheduling,
        )  # fmt: skip
        parts.load(terminal=plan.terminal, filtered=plan.filter is not None)
        keep = (pidfd, *((root,) if root >= 0 else ()), *range(3, 3 + count))
        return Forker().fork(lambda channel: joined.become(plan, channel), pipes, pidfd, keep=keep)
    finally:
        os.close(pidfd)
        if root >= 0:
            os.close(root)
        if spec.get("terminal"):
            pipes.close_child()
