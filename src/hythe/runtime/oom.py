"""Tells of the kernel killing a process of a container for want of memory, while the container goes on.

One descriptor a container, watched in the event loop: an eventfd on version 1 of control groups,
memory.events on version 2. Either may also wake for less than a kill, so the count of kills decides.
"""

from __future__ import annotations

import os

from hythe.kernel.cgroups import Group
from hythe.runtime.container import Container
from hythe.runtime.events import Events
from hythe.runtime.loop import Loop


class OomWatch:
    """Sends the event "oom"."""

    def __init__(self, loop: Loop, events: Events) -> None:
        self._loop = loop
        self._events = events
        self._seen: dict[str, int] = {}

    def watch(self, container: Container) -> None:
        """A kernel without a memory controller has nothing to tell."""
        try:
            fd, mask = container.group.watch_oom()
        except OSError:
            return
        container.oom_watch = fd
        self._seen[container.id] = 0
        self._read(fd)
        self._loop.add(fd, mask, lambda _: self._woken(container, fd))

    @staticmethod
    def _read(fd: int) -> None:
        """Take the event off: an eventfd is read empty, a kernel file has to be read from its start."""
        try:
            os.lseek(fd, 0, os.SEEK_SET)
        except OSError:
            pass
        try:
            os.read(fd, 4096)
        except BlockingIOError:
            pass

    def _woken(self, container: Container, fd: int) -> None:
        self._read(fd)
        self._tell(container, container.group)

    def _tell(self, container: Container, group: Group) -> None:
        kills = group.oom_kills()
        if kills > self._seen.get(container.id, 0):
            self._seen[container.id] = kills
            self._events.send("oom", id=container.id)

    def ended(self, container: Container) -> None:
        """Tell what has not been told, and stop watching."""
        if container.oom_watch >= 0:
            self._tell(container, container.group)
            self._loop.close(container.oom_watch)
            container.oom_watch = -1
            self._seen.pop(container.id, None)
