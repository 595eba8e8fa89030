"""The messages between the engine and the warden, as types, and their coding. No I/O.

One JSON object a packet on a unix SEQPACKET socket. A request is {"seq": n, "op": NAME, ...}; its answer
carries the same number and either "ok" or "error"; an event has a name and no number. Descriptors travel
beside a packet by SCM_RIGHTS: only `attach`, and `exec` with an "attach" in it, take one (a connected stream
socket).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict

from hythe.errors import (
    CannotStart,
    Conflict,
    HytheError,
    InvalidArgument,
    NotFound,
    SystemProblem,
    Unsupported,
)

if TYPE_CHECKING:
    from hythe.oci.spec import Mount, Process, Resources

VERSION: Final = 1
PACKET_LIMIT: Final = 1 << 20
"""Bytes; longer packets are refused with EMSGSIZE by either side."""
LIST_LIMIT: Final = 1000
"""Containers in one answer to `list`; where "next" is set, ask again with it as "after"."""

Kind = Literal["invalid", "not_found", "conflict", "unsupported", "system", "cannot_start"]
Status = Literal["creating", "created", "running", "paused", "stopped"]


class ErrorBody(TypedDict, total=False):
    """`errno` is 0 where the system had no part in it; `exit_code` goes with cannot_start."""

    kind: Kind
    message: str
    errno: int
    exit_code: int


class LogPlace(TypedDict):
    """`max_size` in bytes (0: never rotated); `max_files` counts the current one."""

    path: str
    max_size: int
    max_files: int


class Log(LogPlace, total=False):
    """`driver`: "local" (the default), "json-file" with `attributes`, a JSON object for each record ("": none),
    "journald" with the fields of each entry in `journal`, or "cri", which is rotated by others.
    """

    driver: str
    attributes: str
    journal: dict[str, str]


class AttachBody(TypedDict, total=False):
    """`head` is base64: what was read from the client before the socket was handed over."""

    stdin: bool
    stdout: bool
    stderr: bool
    framing: Literal["multiplexed", "raw"]
    detach_keys: list[int] | None
    head: str


class Program(TypedDict):
    """An OCI runtime's program: `path` is absolute, `args` come before the subcommand."""

    name: str
    path: str
    args: list[str]


class Create(TypedDict, total=False):
    """Without `runtime` it is the warden itself that makes the container."""

    op: Literal["create"]
    id: str
    bundle: str
    rootfs: list[Mount]
    terminal: bool
    stdin: bool
    stdin_once: bool
    log: Log | None
    runtime: Program | None


class Exec(TypedDict, total=False):
    op: Literal["exec"]
    id: str
    exec: str
    process: Process
    terminal: bool
    stdin: bool
    attach: AttachBody


class Update(TypedDict):
    op: Literal["update"]
    id: str
    resources: Resources


class ExitRecord(TypedDict):
    """How a process ended; `signal` 0 for an exit of its own; `at` in nanoseconds since the epoch."""

    pid: int
    exit_code: int
    signal: int
    oom: bool
    at: int


class ExecEntry(TypedDict):
    exec: str
    pid: int
    exit: ExitRecord | None


class ContainerEntry(TypedDict):
    """One container in the answer to `list`."""

    id: str
    pid: int
    start_time: int
    status: Status
    terminal: bool
    exit: ExitRecord | None
    execs: list[ExecEntry]


_KINDS: Final[dict[type[HytheError], Kind]] = {
    InvalidArgument: "invalid",
    NotFound: "not_found",
    Conflict: "conflict",
    Unsupported: "unsupported",
    CannotStart: "cannot_start",
}
_CLASSES: Final[dict[str, type[HytheError]]] = {
    "invalid": InvalidArgument,
    "not_found": NotFound,
    "conflict": Conflict,
    "unsupported": Unsupported,
}


def encode(message: dict[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()


def decode(packet: bytes | bytearray) -> dict[str, Any]:
    """Raises InvalidArgument for what is not a JSON object."""
    try:
        message = json.loads(packet)
    except ValueError as error:
        raise InvalidArgument(f"the packet is not JSON: {error}") from error
    if not isinstance(message, dict):
        raise InvalidArgument("the packet is not a JSON object")
    return message


def error_body(error: BaseException) -> ErrorBody:
    """An exception as it travels. Errors of the system keep their errno."""
    cause = error if isinstance(error, OSError) else error.__cause__
    number = (cause.errno or 0) if isinstance(cause, OSError) else 0
    if isinstance(error, OSError):
        where = f": {error.filename}" if error.filename is not None else ""
        return {"kind": "system", "message": f"{error.strerror}{where}", "errno": number}
    if not isinstance(error, HytheError):
        return {"kind": "system", "message": f"{type(error).__name__}: {error}", "errno": number}
    kind: Kind = next((kind for cls, kind in _KINDS.items() if isinstance(error, cls)), "system")
    body: ErrorBody = {"kind": kind, "message": str(error), "errno": number}
    if isinstance(error, CannotStart):
        body["exit_code"] = error.exit_code
    return body


def error_of(body: ErrorBody) -> HytheError:
    """The exception that `error_body` described."""
    message = body.get("message", "no reason was given")
    if body.get("kind") == "cannot_start":
        return CannotStart(message, exit_code=body.get("exit_code", 125))
    error = _CLASSES.get(body.get("kind", "system"), SystemProblem)(message)
    number = body.get("errno", 0)
    if number:
        error.__cause__ = OSError(number, message)
    return error
