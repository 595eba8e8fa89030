from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.wire import logframes

frames = st.lists(
    st.tuples(st.integers(0, 2**64 - 1), st.sampled_from((1, 2)), st.binary(max_size=300)), max_size=8
)


@given(frames)
def test_forwards_and_backwards_give_the_same(entries: list[tuple[int, int, bytes]]) -> None:
    data = b"".join(logframes.encode(*entry) for entry in entries)
    forwards, position = [], 0
    while (found := logframes.decode(data, position)) is not None:
        frame, position = found
        forwards.append(tuple(frame))
    backwards, end = [], len(data)
    while (found := logframes.decode_before(data, end)) is not None:
        frame, end = found
        backwards.append(tuple(frame))
    assert forwards == entries
    assert backwards[::-1] == entries
    assert (position, end) == (len(data), 0)


@given(frames, st.integers(0, 200))
def test_whole_stops_before_a_torn_frame(entries: list[tuple[int, int, bytes]], cut: int) -> None:
    data = b"".join(logframes.encode(*entry) for entry in entries)
    torn = logframes.encode(1, 1, b"x" * 300)[:cut]
    assert logframes.whole(data + torn) == len(data)


def test_around_is_encode_without_the_payload() -> None:
    header, trailer = logframes.around(5, 2, 3)
    assert header + b"abc" + trailer == logframes.encode(5, 2, b"abc")


@pytest.mark.parametrize("data", [b"\0" * 40, b"not a log file at all, but long enough to be one"])
def test_other_bytes_are_damaged(data: bytes) -> None:
    with pytest.raises(logframes.Damaged):
        logframes.decode(data)
    with pytest.raises(logframes.Damaged):
        logframes.decode_before(data, len(data))


def test_a_lying_trailer_is_damaged() -> None:
    data = bytearray(logframes.encode(1, 1, b"payload"))
    data[-1] += 1
    with pytest.raises(logframes.Damaged):
        logframes.decode(bytes(data))
