"""The one table from hythe's errors to gRPC.

A handler raises; `server` ends the call with the code found here and the error's own message. Clients tell by the code
whether something is gone (kubelet, crictl: NOT_FOUND), is not implemented, or took too long (DEADLINE_EXCEEDED, which
kubelet shows as a probe's timeout), and by words at the beginning of the message whether a registry can be reached.
Anything that is no HytheError is a mistake in hythe: it is logged with its traceback.
"""

from __future__ import annotations

from typing import Final

import grpc

from hythe.errors import (
    CannotStart,
    Conflict,
    Denied,
    HytheError,
    InvalidArgument,
    NoSpace,
    NotFound,
    SystemProblem,
    Unavailable,
    Unsupported,
)
from hythe.registry.failures import Unreachable


class AlreadyExists(Conflict):
    """A name is taken."""


class TooLate(HytheError):
    """What was asked for took longer than the time given."""


CODES: Final[dict[type[HytheError], grpc.StatusCode]] = {
    InvalidArgument: grpc.StatusCode.INVALID_ARGUMENT,
    NotFound: grpc.StatusCode.NOT_FOUND,
    AlreadyExists: grpc.StatusCode.ALREADY_EXISTS,
    Conflict: grpc.StatusCode.FAILED_PRECONDITION,
    Denied: grpc.StatusCode.PERMISSION_DENIED,
    Unsupported: grpc.StatusCode.UNIMPLEMENTED,
    Unavailable: grpc.StatusCode.UNAVAILABLE,
    NoSpace: grpc.StatusCode.RESOURCE_EXHAUSTED,
    TooLate: grpc.StatusCode.DEADLINE_EXCEEDED,
    SystemProblem: grpc.StatusCode.INTERNAL,
    CannotStart: grpc.StatusCode.UNKNOWN,
    HytheError: grpc.StatusCode.UNKNOWN,
}
_REGISTRY_UNAVAILABLE: Final = "RegistryUnavailable"
"""kubelet's word for it (pkg/kubelet/images, ErrRegistryUnavailable)."""


def code_of(error: HytheError) -> grpc.StatusCode:
    """That of the nearest class in its ancestry."""
    return next(CODES[kind] for kind in type(error).__mro__ if kind in CODES)


def details_of(error: HytheError) -> str:
    """The message as it travels."""
    return f"{_REGISTRY_UNAVAILABLE}: {error}" if isinstance(error, Unreachable) else str(error)
