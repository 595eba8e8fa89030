"""Streams of JSON documents, one a line: events, statistics, the progress of builds.

Docker ends each document with CR LF in progress streams and with LF in others; readers take either. Reading is
with the standard library's json, for the command line reads a few lines and must begin at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from hythe.errors import InvalidArgument

MAX_LINE: Final = 8 * 1024 * 1024


class Decoder:
    """Documents out of bytes that arrive in any pieces; memory is bounded by `MAX_LINE`."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> Iterator[Any]:
        """The documents that are complete with `data`. Raises InvalidArgument for what is not JSON."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        if len(self._buffer) > MAX_LINE:
            raise InvalidArgument(f"a line of more than {MAX_LINE} bytes in a stream of JSON documents")
        for line in lines:
            if line.strip():
                yield _decode(line)

    def finish(self) -> Iterator[Any]:
        """The last document, where the stream did not end with a newline."""
        rest, self._buffer = self._buffer, b""
        if rest.strip():
            yield _decode(rest)


def _decode(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        raise InvalidArgument(f"not a JSON document: {error}: {line[:80]!r}") from error
