"""What kinds of thing go wrong in hythe. There is no HTTP and no exit code in here.

Every error that a user may see derives from `HytheError` and says *what* failed, *where*, *why*, and,
as `hint`, the next thing to do. The edges translate: `api/docker/errors.py` has the one table from these
classes to HTTP status codes, `cli/` the one table to exit codes. Code tells errors apart by class and by
attributes, never by message.
"""

from __future__ import annotations

import errno
import os


class HytheError(Exception):
    """Base of all errors that are meant for users.

    `message` is one sentence without a trailing newline; `hint`, if given, names the next step.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class InvalidArgument(HytheError):
    """The request can never succeed as it stands: malformed, out of range, contradictory."""


class SyntaxProblem(InvalidArgument):
    """A mistake in a file that a person wrote; says where. Lines and columns count from 1."""

    def __init__(self, message: str, *, file: str, line: int, column: int, hint: str | None = None) -> None:
        super().__init__(f"{file}:{line}:{column}: {message}", hint=hint)
        self.file, self.line, self.column = file, line, column


class NotFound(HytheError):
    """The thing named does not exist."""


class Conflict(HytheError):
    """The thing exists, but its state or another holder of the name stands against the request."""


class NotModified(HytheError):
    """The thing already is as the request wants it (docker's 304)."""


class Denied(HytheError):
    """The caller may not do this, here or at all."""


class Unsupported(HytheError):
    """Valid input that hythe does not implement; always refused by name."""


class Unavailable(HytheError):
    """Something that is needed cannot be reached now: the daemon, a registry, a kernel feature."""


class NoSpace(HytheError):
    """A disk, pool or quota is full."""


class SystemProblem(HytheError):
    """The operating system refused; the cause is an OSError in `__cause__`."""


class CannotStart(HytheError):
    """The program of a container or exec could not be run.

    `exit_code` is docker's: 127 when it was not found, 126 when it cannot be executed, 125 otherwise.
    """

    def __init__(self, message: str, *, exit_code: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.exit_code = exit_code


def from_os(error: OSError, doing: str) -> NoSpace | SystemProblem:
    """What to raise for an error of the operating system: "cannot DOING: PLACE: REASON"."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpace(
            f"cannot {doing}: {os.strerror(error.errno)}", hint="free space with `hythe system prune`"
        )
    place = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, (str, bytes)) else ""
    return SystemProblem(f"cannot {doing}: {place}{error.strerror}")
