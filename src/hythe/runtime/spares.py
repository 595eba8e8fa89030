"""Keeping one spare ready (see `init.spare`), for the folder of control groups where the last container was
made.

Only where a control group can be renamed, which is version 1; a container that shares a namespace with
another or with the host is made in the plain way. A plan may be sent before the spare is ready; it takes it
then. A new spare is made when a container has been started and nothing has happened for a moment.
"""

from __future__ import annotations

import os
import signal
import socket
from typing import Any, Final

from hythe.kernel.cgroups import Group, Layout
from hythe.runtime.fork import Born, Forker, make_pipes
from hythe.runtime.init import namespaces, spare, staged
from hythe.runtime.init.container import Plan
from hythe.runtime.init.guess import NOTHING, like
from hythe.runtime.loop import Loop

_IDLE: Final = 0.015
"""Seconds without any event before a spare is made."""


class Spares:
    """At most one spare."""

    def __init__(self, loop: Loop, forker: Forker, layout: Layout) -> None:
        self._loop = loop
        self._forker = forker
        self._layout = layout
        self._count = 0
        self._born: Born | None = None
        self._group: Group | None = None
        self._parent = ""
        self._guess = NOTHING

    def fits(self, spec: dict[str, Any]) -> bool:
        """Whether every namespace is to be new, and no control group but the usual ones is needed."""
        usual = self._layout.usual(spec["linux"].get("resources") or {})
        return self._layout.can_rename and usual and namespaces.own(spec["linux"]) == spare.MADE

    def take(self, plan: Plan, streams: tuple[int, int, int]) -> Born | None:
        """Give `plan` to the spare, which becomes that container; None where there is none for it."""
        parent = os.path.dirname(plan.group.path)
        if not self.fits(plan.spec):
            return None
        if self._parent != parent:
            self.end()
            self._parent = parent
        self._guess = like(plan.spec)
        born = self._born
        if born is None:
            return None
        packet = spare.encode(plan)
        if len(packet) > spare.PLAN_LIMIT:
            return None
        try:
            socket.send_fds(born.channel, [packet], list(streams))
        except OSError:
            return None  # it has ended: `ended` clears up after it
        self._born = self._group = None
        return born

    def refill_when_idle(self) -> None:
        """Making a spare holds the kernel's control group lock for a while: not while others need it."""
        self._loop.when_idle(_IDLE, self._refill)

    def _refill(self) -> None:
        if self._born is not None or not self._parent:
            return
        self._count += 1
        group = self._layout.group(f"{self._parent}/spare-{os.getpid()}-{self._count}")
        pipes = make_pipes(terminal=True, stdin=False)
        try:
            born = self._forker.stage(
                lambda line, channel: spare.inside(self._layout, group, self._guess, line, channel),
                lambda pid, line, channel: spare.outside(self._layout, group, self._guess, pid, line, channel),
                pipes, [], staged.NEW,
            )  # fmt: skip
        finally:
            pipes.close_child()
        self._born, self._group = born, group

    def ended(self, pid: int) -> bool:
        """A child has been reaped: was it the spare? Then its group goes."""
        if self._born is None or self._born.pid != pid:
            return False
        self._clear()
        return True

    def _clear(self) -> None:
        born, group, self._born, self._group = self._born, self._group, None, None
        if born is not None:
            self._loop.close(born.channel.detach())
        if group is not None:
            group.remove()

    def end(self) -> None:
        """Have no spare any more; returns when it and its group are gone."""
        if self._born is not None:
            os.kill(self._born.pid, signal.SIGKILL)
            os.waitpid(self._born.pid, 0)
            self._clear()
        self._parent = ""
