"""Forking a container's first process from the command that makes it."""

from __future__ import annotations

import socket

from hythe.runtime import quick
from hythe.runtime.birth import born
from hythe.runtime.fork import Born, Forker, Pipes, make_pipes
from hythe.runtime.init import container as first
from hythe.runtime.init import parts
from hythe.runtime.init.channel import Channel
from hythe.runtime.init.gate import Gate


def first_process(plan: first.Plan, gate: socket.socket | None, preserved: int) -> Born:
    """With `gate`, it waits there for its start, after this process has gone. `preserved`: descriptors from 3 on."""
    listener = () if gate is None else (gate.fileno(),)

    def prepare(channel: Channel) -> None:
        for fd in listener:
            channel.gate = Gate(fd)

    parts.load(terminal=plan.terminal, filtered=plan.filter is not None)
    if plan.spec["linux"].get("sysctl"):
        quick.complete("re")
    pipes = streams(terminal=plan.terminal)
    try:
        return born(Forker(), plan, pipes, keep=(*listener, *range(3, 3 + preserved)), prepare=prepare)
    finally:
        if plan.terminal:
            pipes.close_child()


def streams(*, terminal: bool) -> Pipes:
    """Our own standard streams, or the null device until there is a terminal."""
    return make_pipes(terminal=True, stdin=False) if terminal else Pipes((0, 1, 2), -1, -1, -1)
