"""The one table from hythe's errors to HTTP.

A handler raises; `server` turns the error into {"message": ...} with the status found here. Anything that is
no HytheError is a mistake in hythe: it is logged with its traceback and answered with 500.
"""

from __future__ import annotations

from typing import Final

import msgspec
from aiohttp import web

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

STATUS: Final[dict[type[HytheError], int]] = {
    InvalidArgument: 400,
    NotFound: 404,
    Conflict: 409,
    NotModified: 304,
    Denied: 403,
    Unsupported: 501,
    Unavailable: 503,
    NoSpace: 507,
    SystemProblem: 500,
    CannotStart: 500,
    HytheError: 500,
}

# docker's CLI finds its exit codes 126 and 127 by words in the message (cli/command/container/run.go,
# toStatusError); a start that fails is answered with 400 so that the client shows it as the user's mistake.
_START_STATUS: Final = {126: 400, 127: 400}


def status_of(error: HytheError) -> int:
    """The HTTP status for an error: that of the nearest class in its ancestry."""
    if isinstance(error, CannotStart):
        return _START_STATUS.get(error.exit_code, 500)
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def error_response(error: HytheError) -> web.Response:
    """The answer to a request that failed; 304 has no body (RFC 9110, 15.4.5)."""
    status = status_of(error)
    if status == 304:
        return web.Response(status=status)
    return json_response({"message": str(error)}, status=status)


def json_response(value: object, *, status: int = 200) -> web.Response:
    """`value` as compact JSON; Structs and dictionaries alike."""
    return web.Response(status=status, body=json_line(value), content_type="application/json")


def json_line(value: object) -> bytes:
    """`value` as compact JSON and the end of the line: one document of a stream (`wire.jsonlines` reads them)."""
    return msgspec.json.encode(value) + b"\n"
