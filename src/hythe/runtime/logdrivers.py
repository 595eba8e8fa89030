"""Where a container's output is kept, by the name of its log driver."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from hythe.errors import InvalidArgument
from hythe.runtime.crifile import CriFile
from hythe.runtime.journal import Journal
from hythe.runtime.jsonfile import JsonFile
from hythe.runtime.logfile import LogFile
from hythe.runtime.protocol import Log


class Sink(Protocol):
    """Takes output as it is read, in pieces of at most 64 KiB; never waits, and never raises for the disk's sake."""

    def write(self, stream: int, data: bytes) -> None:
        """`stream` is 1 (standard output) or 2 (standard error)."""

    def close(self) -> None:
        """There is no more."""


@runtime_checkable
class Reopenable(Protocol):
    """A sink whose file others move away and want begun anew."""

    def reopen(self) -> None:
        """Raises OSError; goes on with the file that it had then."""


def open_log(log: Log) -> Sink:
    """Raises InvalidArgument for a driver that is not known, OSError for a file that cannot be opened."""
    match log.get("driver", "local"):
        case "local":
            return LogFile(log)
        case "json-file":
            return JsonFile(log)
        case "journald":
            return Journal(log)
        case "cri":
            return CriFile(log)
        case other:
            raise InvalidArgument(f"the warden knows no log driver {other!r}")
