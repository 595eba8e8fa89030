"""A server's side of WebSocket: messages in any pieces and fragments, and what clients may not do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.wire import websocket
from hythe.wire.websocket import Close, Event, Framer, Message, Ping, Pong, Violation


def client_frame(code: int, data: bytes, *, final: bool = True, mask: bytes = b"\1\2\3\4") -> bytes:
    """A frame as a client sends it (RFC 6455, section 5.2)."""
    head = bytes([(0x80 if final else 0) | code])
    if len(data) < 126:
        head += bytes([0x80 | len(data)])
    elif len(data) < 1 << 16:
        head += bytes([0x80 | 126]) + len(data).to_bytes(2, "big")
    else:
        head += bytes([0x80 | 127]) + len(data).to_bytes(8, "big")
    return head + mask + bytes(byte ^ mask[n % 4] for n, byte in enumerate(data))


def read(data: bytes, step: int = 1 << 20, limit: int = websocket.MESSAGE_LIMIT) -> list[Event]:
    framer = Framer(limit)
    return [event for at in range(0, len(data), step) for event in framer.feed(data[at : at + step])]


@given(
    st.lists(st.binary(max_size=300), min_size=1, max_size=4),
    st.integers(1, 60),
    st.binary(min_size=4, max_size=4),
)
def test_fragments_in_any_pieces_make_one_message(parts: list[bytes], step: int, mask: bytes) -> None:
    frames = [
        client_frame(2 if n == 0 else 0, part, final=n == len(parts) - 1, mask=mask)
        for n, part in enumerate(parts)
    ]
    assert read(b"".join(frames), step) == [Message(b"".join(parts), False)]


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
def test_every_form_of_length(size: int) -> None:
    assert read(client_frame(1, b"x" * size)) == [Message(b"x" * size, True)]
    assert websocket.message(b"x" * size).endswith(b"x" * size)


def test_control_frames_stand_between_fragments() -> None:
    sent = (
        client_frame(2, b"a", final=False)
        + client_frame(9, b"p")
        + client_frame(10, b"q")
        + client_frame(0, b"b")
    )
    assert read(sent) == [Ping(b"p"), Pong(b"q"), Message(b"ab", False)]


def test_close() -> None:
    assert read(client_frame(8, b"\x03\xe8bye")) == [Close(1000)]
    assert read(client_frame(8, b"")) == [Close(1005)]


@pytest.mark.parametrize(
    ("hostile", "code"),
    [
        (b"\x82\x01x", 1002),
        (b"\xc2\x81\1\2\3\4x", 1002),
        (client_frame(0, b"goes on without a beginning"), 1002),
        (client_frame(2, b"a", final=False) + client_frame(2, b"b"), 1002),
        (client_frame(9, b"p", final=False), 1002),
        (client_frame(9, b"p" * 126), 1002),
        (client_frame(8, b"1"), 1002),
        (client_frame(5, b""), 1002),
        (b"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff", 1009),
        (client_frame(2, b"a" * 60, final=False) + client_frame(0, b"a" * 60), 1009),
    ],
)
def test_violations(hostile: bytes, code: int) -> None:
    with pytest.raises(Violation) as caught:
        read(hostile, limit=100)
    assert caught.value.code == code


@given(st.binary(max_size=200))
def test_garbage_raises_nothing_else(data: bytes) -> None:
    try:
        read(data)
    except Violation:
        pass


def test_the_key_of_the_standard() -> None:
    assert websocket.accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
