"""The head of a request to the streaming server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.api.cri.streaming.http import answer, parse_head
from hythe.errors import InvalidArgument


def test_a_request_for_an_upgrade() -> None:
    head = parse_head(
        b"GET /exec/t?port=80&port=81 HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\nUPGRADE: SPDY/3.1\r\n"
        b"X-Stream-Protocol-Version: v4\r\nX-Stream-Protocol-Version: v3, v2\r\n\r\n"
    )
    assert (head.method, head.path, head.query["port"]) == ("GET", "/exec/t", ["80", "81"])
    assert head.upgrade == "spdy/3.1"
    assert head.words("x-stream-protocol-version") == ["v4", "v3", "v2"]


def test_without_its_word_in_connection_there_is_no_upgrade() -> None:
    assert parse_head(b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n").upgrade == ""


@pytest.mark.parametrize(
    "hostile",
    [
        b"\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET http://x/ HTTP/1.1\r\n\r\n",
        b"GET / HTTP/2\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\n Folded: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nOrigin: http://page\r\n\r\n",
    ],
)
def test_what_is_no_request(hostile: bytes) -> None:
    with pytest.raises(InvalidArgument):
        parse_head(hostile)


@given(st.binary(max_size=100))
def test_garbage_raises_nothing_else(data: bytes) -> None:
    try:
        parse_head(data + b"\r\n\r\n")
    except InvalidArgument:
        pass


def test_answers() -> None:
    assert (
        answer("101 Switching Protocols", {"Upgrade": "x"})
        == b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"
    )
    assert b"Content-Length: 3\r\n" in answer("400 Bad Request", {}, "\u00e4\n")
