"""The SPDY framer: what one side writes the other reads, in any pieces; nothing hostile costs more than its size."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.errors import InvalidArgument
from hythe.wire import spdy
from hythe.wire.spdy import Data, Event, Framer, GoAway, Ping, Reset, SynReply, SynStream

HEADERS = st.dictionaries(
    st.text(st.characters(min_codepoint=0x61, max_codepoint=0x7A), min_size=1, max_size=12),
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=40),
    max_size=6,
)


def in_pieces(framer: Framer, data: bytes, step: int) -> list[Event]:
    return [event for at in range(0, len(data), step) for event in framer.feed(data[at : at + step])]


def joined(events: list[Event]) -> list[Event]:
    """Pieces of one data frame as one event."""
    found: list[Event] = []
    for event in events:
        last = found[-1] if found else None
        if (
            isinstance(event, Data)
            and isinstance(last, Data)
            and last.stream == event.stream
            and not last.fin
        ):
            found[-1] = Data(event.stream, last.data + event.data, event.fin)
        else:
            found.append(event)
    return found


@given(st.lists(HEADERS, min_size=1, max_size=5), st.integers(1, 50))
def test_headers_survive_one_compression_for_all_streams(headers: list[dict[str, str]], step: int) -> None:
    writer, reader = Framer(), Framer()
    sent = b"".join(writer.syn_stream(2 * n + 1, each, fin=n % 2 == 0) for n, each in enumerate(headers))
    expected = [SynStream(2 * n + 1, each, n % 2 == 0) for n, each in enumerate(headers)]
    assert in_pieces(reader, sent, step) == expected


@given(st.binary(max_size=300), st.booleans(), st.integers(1, 70))
def test_data_arrives_whole_in_any_pieces(data: bytes, fin: bool, step: int) -> None:
    assert joined(in_pieces(Framer(), Framer.data(5, data, fin=fin), step)) == [Data(5, data, fin)]


def test_long_data_is_cut_into_frames_and_only_the_last_ends_the_stream() -> None:
    data = bytes(3 * spdy.PIECE + 1)
    events = list(Framer().feed(Framer.data(1, data, fin=True)))
    assert [len(event.data) for event in events if isinstance(event, Data)] == [*[spdy.PIECE] * 3, 1]
    assert [event.fin for event in events if isinstance(event, Data)] == [False, False, False, True]


def test_small_frames() -> None:
    sent = (
        Framer().syn_reply(7, {"A": "b"}) + Framer.reset(3, spdy.CANCEL) + Framer.ping(9) + Framer.goaway(11)
    )
    assert list(Framer().feed(sent)) == [
        SynReply(7, {"a": "b"}, False),
        Reset(3, spdy.CANCEL),
        Ping(9),
        GoAway(11),
    ]


def test_the_dictionary_is_the_protocols() -> None:
    """Its checksum travels in the first header block of every connection (RFC 1950, DICTID)."""
    assert len(spdy.DICTIONARY) == 1423
    assert zlib.adler32(spdy.DICTIONARY) == 0xE3C6A7C2


def test_a_long_data_frame_binds_no_memory() -> None:
    framer = Framer()
    assert list(framer.feed(struct.pack(">II", 1, 0xFFFFFF))) == []
    assert list(framer.feed(b"x" * 100)) == [Data(1, b"x" * 100, False)]


def control(kind: int, payload: bytes, version: int = 3) -> bytes:
    return struct.pack(">II", 0x80000000 | version << 16 | kind, len(payload)) + payload


@pytest.mark.parametrize(
    "hostile",
    [
        control(1, b"", version=2),
        struct.pack(">II", 0x80030001, spdy.CONTROL_LIMIT + 1),
        control(1, struct.pack(">IIH", 1, 0, 0) + b"no zlib"),
        control(1, b"\0"),
        control(3, b"\0\0\0\1"),
        control(6, b""),
    ],
)
def test_what_is_no_spdy_is_refused(hostile: bytes) -> None:
    with pytest.raises(InvalidArgument):
        list(Framer().feed(hostile))


def block(plain: bytes) -> bytes:
    deflate = zlib.compressobj(zdict=spdy.DICTIONARY)
    return deflate.compress(plain) + deflate.flush(zlib.Z_SYNC_FLUSH)


@pytest.mark.parametrize(
    "plain",
    [
        struct.pack(">I", 1)
        + struct.pack(">I", 1)
        + b"n"
        + struct.pack(">I", 100_000_000)
        + bytes(50_000_000),
        struct.pack(">I", 0xFFFFFFFF),
        struct.pack(">II", 1, 0xFFFFFFFF) + b"name" * 4,
        b"",
    ],
    ids=["a bomb", "too many", "a word beyond the end", "nothing"],
)
def test_a_hostile_header_block_is_refused(plain: bytes) -> None:
    with pytest.raises(InvalidArgument):
        list(Framer().feed(control(1, struct.pack(">IIH", 1, 0, 0) + block(plain))))


@given(st.binary(max_size=200))
def test_garbage_raises_nothing_else(data: bytes) -> None:
    try:
        list(Framer().feed(data))
    except InvalidArgument:
        pass
