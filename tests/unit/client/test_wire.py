"""What comes over the wire, without a wire: frames, JSON lines, queries, errors."""

from __future__ import annotations

import errno
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.client.address import Address, parse, resolve
from hythe.client.failures import NoDaemon, from_answer, from_connect, start_failure
from hythe.client.frames import demultiplex
from hythe.client.images import checked, split_tag
from hythe.client.transport import encode_query, quote
from hythe.errors import (
    CannotStart,
    Conflict,
    Denied,
    InvalidArgument,
    NotFound,
    SystemProblem,
    Unavailable,
    Unsupported,
)


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(min_size=1, max_size=40))), st.integers(1, 17))
def test_frames_cut_anywhere(frames: list[tuple[int, bytes]], size: int) -> None:
    wire = b"".join(bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data for stream, data in frames)
    pieces = [wire[start : start + size] for start in range(0, len(wire), size)]
    for stream in (1, 2):
        got = b"".join(data for one, data in demultiplex(pieces) if one == stream)
        assert got == b"".join(data for one, data in frames if one == stream)


def test_what_is_not_framed_is_an_error() -> None:
    with pytest.raises(Unavailable):
        list(demultiplex([b"hello, world"]))


def test_queries() -> None:
    query = {"a": True, "b": None, "c": ["x", "y"], "filters": {"name": ["a b"]}, "n": 5}
    assert encode_query(query) == "?a=1&c=x&c=y&filters=%7B%22name%22%3A%20%5B%22a%20b%22%5D%7D&n=5"
    assert encode_query({}) == ""


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidArgument),
        (404, NotFound),
        (409, Conflict),
        (500, SystemProblem),
        (501, Unsupported),
        (418, InvalidArgument),
    ],
)
def test_errors_by_status(status: int, kind: type[Exception]) -> None:
    error = from_answer(status, "x", b'{"message": "no such thing"}', "GET /x")
    assert type(error) is kind
    assert error.message == "no such thing"


def test_an_error_without_json() -> None:
    assert from_answer(502, "Bad", b"oops", "GET /x").message == "oops"
    assert "502" in from_answer(502, "Bad", b"", "GET /x").message


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ('exec: "x": executable file not found in $PATH', 127),
        ('exec: "/x": stat /x: no such file or directory', 127),
        ('exec: "/etc": permission denied', 126),
        ('exec: "/etc": is a directory', 126),
    ],
)
def test_programs_that_cannot_be_run(message: str, code: int) -> None:
    failure = start_failure(InvalidArgument(message))
    assert isinstance(failure, CannotStart)
    assert failure.exit_code == code


def test_other_failures_of_a_start() -> None:
    assert start_failure(NotFound("No such container: x, no such file or directory")) is None
    assert start_failure(SystemProblem("address already in use")) is None


def test_a_failure_among_progress_is_raised() -> None:
    messages = checked([{"stream": "a"}, {"errorDetail": {"message": "bad"}, "error": "bad"}])
    assert next(messages) == {"stream": "a"}
    with pytest.raises(SystemProblem, match="bad"):
        next(messages)


@pytest.mark.parametrize(
    ("name", "parts"),
    [("a", ("a", "")), ("a:b", ("a", "b")), ("h:5000/a", ("h:5000/a", "")), ("h:5000/a:b", ("h:5000/a", "b")),
     ("a@sha256:1", ("a", "sha256:1"))],
)  # fmt: skip
def test_tags(name: str, parts: tuple[str, str]) -> None:
    assert split_tag(name) == parts


def test_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    assert str(parse("unix:///a/b.sock")) == "unix:///a/b.sock"
    assert parse("tcp://127.0.0.1:99").port == 99
    assert parse("tcp://[::1]:99").host == "::1"
    monkeypatch.setenv("HYTHE_HOST", "unix:///x")
    assert not resolve(None).default
    monkeypatch.delenv("HYTHE_HOST")
    assert resolve(None).default
    for text in ("x", "ftp://x", "tcp://x:y", "unix://"):
        with pytest.raises(InvalidArgument):
            parse(text)


def test_why_nobody_answers(tmp_path: Path) -> None:
    path = tmp_path / "d.sock"
    path.touch()
    path.chmod(0o660)
    denied = from_connect(PermissionError(errno.EACCES, "Permission denied"), Address(str(path)))
    assert isinstance(denied, Denied)
    assert f"{path} belongs to" in denied.message
    assert "mode 0660" in denied.message
    assert str(path) in (denied.hint or "")
    absent = from_connect(FileNotFoundError(errno.ENOENT, "No such file"), Address("/none.sock"))
    assert isinstance(absent, NoDaemon)
    assert "hythe daemon -H unix:///none.sock" in (absent.hint or "")


@given(st.text())
def test_percent_encoding_can_be_undone(text: str) -> None:
    assert unquote(quote(text)) == text
