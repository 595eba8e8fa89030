"""The containers' output, line by line, with whose it is in front.

Each container is read by a thread of its own; lines of different containers are never mixed within a line. The
daemon is asked for timestamps: by the last one seen, reading goes on without a gap or a repetition after a
container has been started again.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from hythe.client import Client
from hythe.client.when import moment
from hythe.compose.state import Container
from hythe.errors import Conflict, NotFound, Unavailable

_COLORS: Final = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)


@dataclass(frozen=True)
class Style:
    """How lines are printed."""

    prefix: bool = True
    color: bool = False
    timestamps: bool = False


class Printer:
    """Writes lines to standard output, names padded to the longest seen."""

    def __init__(self, style: Style, names: Iterable[str]) -> None:
        self._style = style
        self._lock = threading.Lock()
        self._names: dict[str, int] = {}
        for name in names:
            self._names.setdefault(name, len(self._names))

    def line(self, name: str, stamp: str, text: bytes) -> None:
        with self._lock:
            data = self._prefix(name).encode()
            if self._style.timestamps and stamp:
                data += f"{stamp} ".encode()
            sys.stdout.buffer.write(data + text + b"\n")
            sys.stdout.buffer.flush()

    def _prefix(self, name: str) -> str:
        if not self._style.prefix:
            return ""
        index = self._names.setdefault(name, len(self._names))
        width = max(map(len, self._names))
        text = f"{name:<{width}}  | "
        return f"\x1b[{_COLORS[index % len(_COLORS)]}m{text}\x1b[0m" if self._style.color else text


def short_name(container: Container, project: str) -> str:
    """ "shop-db-1" -> "db-1", as docker compose has it; another name stays."""
    return container.name.removeprefix(f"{project}-")


class Follower:
    """Reads one container's log, again and again as it is restarted, until told to stop."""

    def __init__(self, client: Client, container: Container, name: str, printer: Printer) -> None:
        self._client, self._container, self._name, self._printer = client, container, name, printer
        self._last = ""

    def read(
        self, *, follow: bool, since: str | None = None, until: str | None = None, tail: str | None = None
    ) -> None:
        """Print what there is; with `follow`, until the container ends. Can be called again after that."""
        begin = moment(self._last) or since
        seen = self._last
        try:
            pieces = self._client.containers.logs(
                self._container.id, follow=follow, since=begin, until=until,
                tail=None if seen else tail, timestamps=True,
            )  # fmt: skip
            for stamp, text in _lines(pieces):
                if not (seen and stamp and stamp <= seen):
                    self._printer.line(self._name, stamp, text)
                self._last = stamp or self._last
        except (NotFound, Conflict):
            return  # it has been removed meanwhile, and its log with it
        except (OSError, Unavailable):
            return  # the daemon has gone; whoever waits for the container says so


def _lines(pieces: Iterator[tuple[int, bytes]]) -> Iterator[tuple[str, bytes]]:
    """(timestamp, line without its end); lines of the two streams do not run into each other."""
    rest: dict[int, bytes] = {}
    for stream, data in pieces:
        *whole, rest[stream] = (rest.get(stream, b"") + data).split(b"\n")
        for line in whole:
            yield _split(line)
    for line in rest.values():
        if line:
            yield _split(line)


def _split(line: bytes) -> tuple[str, bytes]:
    stamp, space, text = line.partition(b" ")
    if space and stamp[:2].isdigit() and b"T" in stamp:
        return stamp.decode("ascii", "replace"), text.rstrip(b"\r")
    return "", line.rstrip(b"\r")
