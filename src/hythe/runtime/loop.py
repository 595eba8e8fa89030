"""The warden's event loop: epoll, a callback for each descriptor, and deferred closing.

A descriptor that is closed while a batch of events is handled could be reused within the same batch, and an
event meant for the old one would reach the new. So `close` only takes it out of epoll; it is really closed
when the batch is done. Callbacks must not block and must not raise what they can handle.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable

Callback = Callable[[int], None]

IN = select.EPOLLIN
OUT = select.EPOLLOUT
HUP = select.EPOLLHUP
ERR = select.EPOLLERR
EDGE = select.EPOLLET


class Loop:
    """Runs until `stop`. `on_error` is told of what a callback raised."""

    def __init__(self, on_error: Callable[[Exception], None]) -> None:
        self._epoll = select.epoll()
        self._callbacks: dict[int, Callback] = {}
        self._closing: list[int] = []
        self._later: list[Callable[[], None]] = []
        self._on_error = on_error
        self._idle: tuple[float, Callable[[], None]] | None = None
        self._running = False

    def add(self, fd: int, events: int, callback: Callback) -> None:
        """Call `callback(events)` when something happens; HUP and ERR always count."""
        self._epoll.register(fd, events)
        self._callbacks[fd] = callback

    def change(self, fd: int, events: int) -> None:
        self._epoll.modify(fd, events)

    def remove(self, fd: int) -> None:
        """Stop watching; the descriptor stays open. Nothing happens for one that is not watched."""
        if self._callbacks.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def close(self, fd: int) -> None:
        """Stop watching now, close at the end of this batch."""
        self.remove(fd)
        self._closing.append(fd)

    def later(self, action: Callable[[], None]) -> None:
        """Do it at the end of this batch."""
        self._later.append(action)

    def when_idle(self, seconds: float, action: Callable[[], None]) -> None:
        """Do it once, as soon as nothing has happened for `seconds`; a later call replaces an earlier one."""
        self._idle = (seconds, action)

    def stop(self) -> None:
        self._running = False

    def run(self) -> None:
        self._running = True
        while self._running:
            ready = self._epoll.poll(-1 if self._idle is None else self._idle[0])
            if not ready and self._idle is not None:
                action, self._idle = self._idle[1], None
                self.guard(action)
            for fd, events in ready:
                callback = self._callbacks.get(fd)
                if callback is not None:
                    self.guard(lambda call=callback, what=events: call(what))  # type: ignore[misc]
            self._finish_batch()

    def _finish_batch(self) -> None:
        while self._later:
            actions, self._later = self._later, []
            for action in actions:
                self.guard(action)
        for fd in self._closing:
            os.close(fd)
        self._closing.clear()

    def guard(self, action: Callable[[], None]) -> None:
        """The only place that catches everything: a fault in one container may not end them all."""
        try:
            action()
        except Exception as error:  # noqa: BLE001 - reported, see above
            self._on_error(error)
