"""show a container's use of resources, and when it runs out of memory"""

from __future__ import annotations

import os
import select
import time
from typing import Any

from hythe.errors import Conflict, InvalidArgument
from hythe.kernel import identity
from hythe.kernel.cgroups import Group
from hythe.kernel.cgroups.report import report
from hythe.runtime.command import groups, jsonfile
from hythe.runtime.command.context import Context
from hythe.runtime.command.flags import Flag
from hythe.runtime.command.folder import Folder, status

USAGE = "[command options] <container-id>"
FLAGS: tuple[Flag, ...] = (
    ("interval", "text", "time between figures, like 5s (the default)"),
    ("stats", "switch", "figures once, and no more"),
)
ARGUMENTS = (1, 1)
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "": 1}


def action(context: Context, options: dict[str, Any], arguments: list[str]) -> int:
    interval = _seconds(options["interval"] or "5s")
    folder = Folder(context.root, arguments[0])
    state = folder.load()
    if status(folder, state) == "stopped":
        raise Conflict(
            "container not running" if options["stats"] else f"container with id {folder.id} is not running"
        )
    group = groups.find(state["cgroup"])
    if options["stats"]:
        _print("stats", folder.id, report(group.statistics()))
        return 0
    try:
        pidfd = identity.pidfd_open(state["pid"])
    except ProcessLookupError as error:
        raise Conflict("container not running") from error
    _follow(folder.id, group, pidfd, interval)
    return 0


def _follow(id: str, group: Group, pidfd: int, interval: float) -> None:
    """Figures every `interval` seconds, and each lack of memory, until the container has ended."""
    poller = select.epoll()
    poller.register(pidfd, select.EPOLLIN)
    try:
        oom, mask = group.watch_oom()
        poller.register(oom, mask)
    except OSError:
        oom = -1
    killed, following = group.oom_kills(), time.monotonic()
    while True:
        for fd, _ in poller.poll(max(0.0, following - time.monotonic())):
            if fd == pidfd:
                return
            try:
                os.read(oom, 4096)
            except OSError:
                pass
        now = group.oom_kills()  # whatever woke us: version 1 tells of the want before it has killed
        if now > killed:
            _print("oom", id, None)
        killed = now
        if time.monotonic() >= following:
            _print("stats", id, report(group.statistics()))
            following += interval


def _print(kind: str, id: str, data: dict[str, Any] | None) -> None:
    event: dict[str, Any] = {"type": kind, "id": id}
    if data is not None:
        event["data"] = data
    print(jsonfile.encode(event), flush=True)


def _seconds(text: str) -> float:
    digits = text.rstrip("smh")
    try:
        seconds = float(digits) * _UNITS[text[len(digits) :]]
    except (KeyError, ValueError) as error:
        raise InvalidArgument(f"invalid duration: {text}") from error
    if seconds <= 0:
        raise InvalidArgument("duration interval must be greater than 0")
    return seconds
