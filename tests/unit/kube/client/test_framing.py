"""Answers as bytes: lengths, chunks, ends, and what is no HTTP."""

from __future__ import annotations

import pytest

from hythe.errors import Unavailable
from hythe.kube.client.framing import Reader, request, target


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_a_chunked_body_is_the_same_however_it_arrives(size: int) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    data = head + b"5\r\nhello\r\nc;x=y\r\n, wide world\r\n0\r\nT: x\r\n\r\n"
    reader, got = Reader(), b""
    for at in range(0, len(data), size):
        assert not reader.complete
        got += b"".join(reader.feed(data[at : at + size]))
    assert got == b"hello, wide world"
    assert reader.complete
    assert reader.reusable


@pytest.mark.parametrize("size", [1, 9, 1000])
def test_a_counted_body_ends_with_its_length(size: int) -> None:
    data = b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello"
    reader, got = Reader(), b""
    for at in range(0, len(data), size):
        got += b"".join(reader.feed(data[at : at + size]))
    assert (got, reader.complete, reader.reusable) == (b"hello", True, True)
    assert reader.head is not None
    assert (reader.head.status, reader.head.reason) == (404, "Not Found")


def test_a_body_without_length_ends_with_the_connection() -> None:
    reader = Reader()
    assert reader.feed(b"HTTP/1.1 200 OK\r\n\r\nhello") == [b"hello"]
    assert not reader.complete
    reader.end()
    assert reader.complete
    assert not reader.reusable


def test_interim_answers_are_skipped_and_bodyless_ones_end_at_once() -> None:
    reader = Reader()
    reader.feed(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
    assert reader.head is not None
    assert reader.head.status == 204
    assert reader.complete


@pytest.mark.parametrize(
    "begun",
    [b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"],
)  # fmt: skip
def test_an_answer_that_is_cut_short_is_told_apart_from_a_whole_one(begun: bytes) -> None:
    reader = Reader()
    reader.feed(begun)
    with pytest.raises(ConnectionResetError):
        reader.end()


@pytest.mark.parametrize(
    "data",
    [b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", b"x" * 70_000,
     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
)  # fmt: skip
def test_what_is_no_http_is_refused(data: bytes) -> None:
    with pytest.raises(Unavailable):
        Reader().feed(data)


def test_an_answer_with_more_behind_it_is_not_reused() -> None:
    reader = Reader()
    reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 ")
    assert reader.complete
    assert not reader.reusable


def test_a_request_says_how_long_its_body_is_and_quotes_its_target() -> None:
    sent = request("POST", target("/api/a b", {"x": "a=b,c"}), "h:1", {"A": "b"}, b"{}")
    head, _, body = sent.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/a%20b?x=a%3Db%2Cc HTTP/1.1\r\nHost: h:1\r\n")
    assert b"\r\nContent-Length: 2" in head
    assert body == b"{}"
