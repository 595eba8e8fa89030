from __future__ import annotations

import errno

import pytest

from hythe.errors import (
    CannotStart,
    Conflict,
    HytheError,
    InvalidArgument,
    NotFound,
    SystemProblem,
    Unsupported,
)
from hythe.runtime import protocol


@pytest.mark.parametrize(
    "error",
    [
        InvalidArgument("a", hint="b"),
        NotFound("a"),
        Conflict("a"),
        Unsupported("a"),
        CannotStart("a", exit_code=127),
        SystemProblem("a"),
    ],
)
def test_errors_come_back_as_they_were(error: HytheError) -> None:
    back = protocol.error_of(protocol.error_body(error))
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert getattr(back, "exit_code", None) == getattr(error, "exit_code", None)


def test_system_errors_keep_their_number() -> None:
    body = protocol.error_body(OSError(errno.ENOSPC, "No space left on device", "/x"))
    assert body == {"kind": "system", "message": "No space left on device: /x", "errno": errno.ENOSPC}
    back = protocol.error_of(body)
    assert isinstance(back, SystemProblem)
    assert isinstance(back.__cause__, OSError)
    assert back.__cause__.errno == errno.ENOSPC


def test_packets() -> None:
    assert protocol.decode(protocol.encode({"seq": 1, "op": "hello"})) == {"seq": 1, "op": "hello"}
    for packet in (b"", b"[]", b"{", b"\xff\xfe"):
        with pytest.raises(InvalidArgument):
            protocol.decode(packet)
