"""Forking a container's first process from the command that makes it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

from hythe.runtime import quick
from hythe.runtime.fork import Born, Forker, Pipes, make_pipes
from hythe.runtime.init import container as first
from hythe.runtime.init.channel import Channel
from hythe.runtime.init.gate import Gate


def first_process(plan: first.Plan, gate: socket.socket | None, preserved: int) -> Born:
    if plan.spec["linux"].get("sysctl"):
        quick.complete("re")
    namespace, opened = _pid_namespace(plan.spec)
    listener = () if gate is None else (gate.fileno(),)
    pipes = streams(terminal=plan.terminal)
    try:
        return Forker().fork(
            _body(plan, listener), pipes, namespace, keep=(*listener, *range(3, 3 + preserved))
        )
    finally:
        if plan.terminal:
            pipes.close_child()
        if opened >= 0:
            os.close(opened)


def streams(*, terminal: bool) -> Pipes:
    """Our own standard streams, or the null device until there is a terminal."""
    return make_pipes(terminal=True, stdin=False) if terminal else Pipes((0, 1, 2), -1, -1, -1)


def _body(plan: first.Plan, listener: tuple[int, ...]) -> Callable[[Channel], int]:
    def become(channel: Channel) -> int:
        for fd in listener:
            channel.gate = Gate(fd)
        return first.become(plan, channel)

    return become


def _pid_namespace(spec: dict[str, Any]) -> tuple[int | None, int]:
    """(as `forked_into` wants it, a descriptor to close or -1)."""
    for entry in spec["linux"]["namespaces"]:
        if entry["type"] == "pid":
            if not entry.get("path"):
                return -1, -1
            fd = os.open(entry["path"], os.O_RDONLY | os.O_CLOEXEC)
            return fd, fd
    return None, -1
