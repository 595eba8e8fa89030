"""In which order a container's mounts are made: that of config.json, whoever makes them.

Since Linux 6.8 mountinfo lists mounts in the order in which they were made, not attached, and programs take what they
find there for the order of the configuration. In a container with a user namespace two processes make them (`staged`):
each goes through the whole list, makes what is its own, and where the next is the other's says so on the line between
them (`turns`). Most configurations have bind mounts at the end and /dev near the beginning: that is three words, and up
to a millisecond. The warden, whose containers are to start soon, does without (`mine`): there each process keeps the
order among its own, but for what a spare has made beforehand (`guess`).
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Final

from hythe.runtime.init.mounts import Prepared

_YOURS: Final = b"!"


class LostPeer(Exception):
    """The other process has ended, and has told why."""


def outsiders(one: Prepared) -> bool:
    """Whether only the host's root can make it: the source of a bind mount, a /dev that begins empty."""
    return one.bind or one.new_dev


def mine(prepared: list[Prepared], *, outside: bool) -> Iterator[tuple[int, Prepared]]:
    """Those that this process makes."""
    return ((number, one) for number, one in enumerate(prepared) if outsiders(one) is outside)


def turns(prepared: list[Prepared], line: socket.socket, *, outside: bool) -> Iterator[tuple[int, Prepared]]:
    """Those that this process makes, each when all before it have been made. Raises LostPeer, OSError."""
    was_ours: bool | None = None
    for number, one in enumerate(prepared):
        ours = outsiders(one) is outside
        try:
            if ours and was_ours is False and not line.recv(len(_YOURS)):
                raise LostPeer
            if was_ours and not ours:
                line.send(_YOURS)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise LostPeer from error
        if ours:
            yield number, one
        was_ours = ours
