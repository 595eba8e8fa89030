"""The multiplexed stream: whatever the pieces, the same frames come out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.errors import InvalidArgument
from hythe.wire.stdcopy import STDERR, STDOUT, Decoder, encode


def test_header_is_stream_three_zeros_and_big_endian_length() -> None:
    assert encode(STDERR, b"no") == b"\x02\x00\x00\x00\x00\x00\x00\x02no"


@given(st.lists(st.tuples(st.sampled_from([STDOUT, STDERR]), st.binary(max_size=40))), st.integers(1, 11))
def test_any_pieces_give_the_same_streams(frames: list[tuple[int, bytes]], size: int) -> None:
    wire = b"".join(encode(stream, data) for stream, data in frames)
    decoder = Decoder()
    found = [f for i in range(0, len(wire), size) for f in decoder.feed(wire[i : i + size])]
    for stream in (STDOUT, STDERR):
        assert b"".join(data for one, data in found if one == stream) == b"".join(
            data for one, data in frames if one == stream
        )
    assert not decoder.pending


def test_a_frame_is_passed_on_as_it_arrives() -> None:
    decoder = Decoder()
    assert list(decoder.feed(encode(STDOUT, b"hello")[:-1])) == [(STDOUT, b"hell")]
    assert decoder.pending
    assert list(decoder.feed(b"o")) == [(STDOUT, b"o")]
    assert not decoder.pending


def test_raw_output_is_told_apart() -> None:
    with pytest.raises(InvalidArgument, match="not a multiplexed stream"):
        list(Decoder().feed(b"total 12\r\n"))
