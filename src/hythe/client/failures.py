"""Answers that are not a success, as hythe's errors; and what is wrong when no daemon answers at all.

The one table from HTTP status to class on the client's side, the mirror of the daemon's `api/docker/errors`.
The API has one status for every failure to start a program; docker's own client tells 126 and 127 apart by
the wording of the runtime's message, and so must any client of that API: `start_failure` is the only place
where a message is read.
"""

from __future__ import annotations

import errno
import json
import os
import pwd
import stat
from typing import Final

from hythe.client.address import Address
from hythe.errors import (
    CannotStart,
    Conflict,
    Denied,
    HytheError,
    InvalidArgument,
    NoSpace,
    NotFound,
    NotModified,
    SystemProblem,
    Unavailable,
    Unsupported,
)

_BY_STATUS: Final[dict[int, type[HytheError]]] = {
    304: NotModified, 400: InvalidArgument, 401: Denied, 403: Denied, 404: NotFound, 405: Unsupported,
    406: Unsupported, 409: Conflict, 413: InvalidArgument, 500: SystemProblem, 501: Unsupported,
    503: Unavailable, 507: NoSpace,
}  # fmt: skip
_NOT_FOUND: Final = ("executable file not found", "no such file or directory", "system cannot find the file")
_NOT_RUNNABLE: Final = ("permission denied", "is a directory", "exec format error", "not a directory")


class NoDaemon(Unavailable):
    """Nothing listens at the address."""


def from_answer(status: int, reason: str, body: bytes, context: str) -> HytheError:
    """The error that an answer with this status and body stands for."""
    message, hint = _message(body)
    kind = _BY_STATUS.get(status, InvalidArgument if status < 500 else SystemProblem)
    return kind(message or f"{context}: the daemon answered {status} {reason}", hint=hint)


def start_failure(error: HytheError) -> CannotStart | None:
    """The error of a start request as `CannotStart`, where it says that a program could not be run."""
    text = error.message
    if isinstance(error, CannotStart | NotFound | Conflict | NotModified):
        return None
    if any(words in text for words in _NOT_FOUND):
        return CannotStart(error.message, exit_code=127, hint=error.hint)
    if any(words in text for words in _NOT_RUNNABLE):
        return CannotStart(error.message, exit_code=126, hint=error.hint)
    return None


def from_connect(error: OSError, address: Address) -> HytheError:
    """Why nobody answers at `address`, and what mends it."""
    if error.errno in (errno.EACCES, errno.EPERM) and address.path:
        return _denied(address.path)
    if error.errno in (errno.ENOENT, errno.ECONNREFUSED):
        return NoDaemon(f"no daemon answers at {address}", hint=f"start one with: hythe daemon -H {address}")
    if (told := _of_tls(error, address)) is not None:
        return told
    timed_out = isinstance(error, TimeoutError)
    reason = "timed out" if timed_out else error.strerror or str(error) or type(error).__name__
    return Unavailable(f"no daemon can be reached at {address}: {reason}")


def _of_tls(error: OSError, address: Address) -> HytheError | None:
    """An ssl.SSLError, told apart without importing ssl where there is none; or a door that was shut."""
    if address.tls is None or not (
        type(error).__module__ == "ssl" or isinstance(error, ConnectionResetError)
    ):
        return None
    reason = getattr(error, "verify_message", "") or getattr(error, "reason", "") or str(error)
    return Unavailable(
        f"no TLS with {address}: {reason}",
        hint="--tlscacert names the authority of its certificate, --tlscert and --tlskey yours",
    )


def _denied(path: str) -> Denied:
    try:
        status = os.stat(path)
    except OSError:
        folder = path.rpartition("/")[0]
        return Denied(
            f"permission denied: {path} is in a directory that you may not enter",
            hint=f"mend it with: sudo chmod a+x {folder}, or run hythe with sudo",
        )
    return Denied(
        f"permission denied: the daemon's socket {path} belongs to {_user(status.st_uid)} "
        f"(mode {stat.S_IMODE(status.st_mode):04o})",
        hint=f"run this command with sudo, or mend it with: sudo setfacl -m u:{_user(os.getuid())}:rw {path}",
    )


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _message(body: bytes) -> tuple[str, str | None]:
    text = body.decode(errors="replace").strip()
    try:
        parsed = json.loads(text)
    except ValueError:
        return text, None
    if not isinstance(parsed, dict):
        return text, None
    return str(parsed.get("message", "")), parsed.get("hint")
