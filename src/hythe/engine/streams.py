"""Descriptors between clients, engine and runtime: detach keys, and reading a process's output ourselves."""

from __future__ import annotations

import asyncio
import os
import select
import socket
from collections.abc import AsyncIterator, Sequence

from hythe.errors import InvalidArgument

DEFAULT_DETACH_KEYS = (16, 17)
_NAMED = {"@": 0, "[": 27, "\\": 28, "]": 29, "^": 30, "_": 31}


def parse_detach_keys(text: str | None) -> Sequence[int]:
    """Bytes of "ctrl-p,ctrl-q", "a,ctrl-c"; None is the default, "" is no keys at all."""
    if text is None:
        return DEFAULT_DETACH_KEYS
    keys = []
    for word in filter(None, text.split(",")):
        lowered = word.lower()
        if len(word) == 1:
            keys.append(ord(word))
        elif lowered.startswith("ctrl-") and len(word) == 6:
            letter = lowered[5]
            code = _NAMED.get(letter, ord(letter) - ord("a") + 1 if letter.isalpha() else None)
            if code is None:
                raise InvalidArgument(f"invalid detach key: {word!r}")
            keys.append(code)
        else:
            raise InvalidArgument(
                f"invalid detach key: {word!r}", hint="write letters or ctrl-LETTER, joined by commas"
            )
    return keys


def write_all(fd: int, data: bytes) -> None:
    """Write to a client's socket, waiting for it as needed; one that has gone away is no error."""
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(fd, view) :]
        except BlockingIOError:
            select.select([], [fd], [])
        except OSError:
            return


class Pipe:
    """A socket pair: `theirs` goes to the runtime, what it writes is read here."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._ours.setblocking(False)
        self.theirs = theirs.detach()

    async def chunks(self) -> AsyncIterator[bytes]:
        """All that is written until the runtime closes its end."""
        loop = asyncio.get_running_loop()
        while chunk := await loop.sock_recv(self._ours, 65536):
            yield chunk

    def close(self) -> None:
        self._ours.close()
