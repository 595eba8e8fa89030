"""Kubernetes' lines of a container's log."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hythe.wire import crilog

TIME = 1_700_000_000_000_000_006


def test_the_form_of_a_record() -> None:
    assert crilog.encode(TIME, 1, b"one\ntwo\n") == (
        b"2023-11-14T22:13:20.000000006Z stdout F one\n2023-11-14T22:13:20.000000006Z stdout F two\n"
    )
    assert crilog.encode_part(TIME, 2, b"half") == b"2023-11-14T22:13:20.000000006Z stderr P half\n"


@given(st.lists(st.tuples(st.sampled_from((1, 2)), st.binary(max_size=50)), max_size=6))
def test_what_is_written_is_read(entries: list[tuple[int, bytes]]) -> None:
    lines = [(stream, data.replace(b"\n", b"")) for stream, data in entries]
    data = b"".join(crilog.encode(TIME, stream, line + b"\n") for stream, line in lines)
    frames, used = crilog.decode(data + b"2023-11-14T22:13:20Z stdout F unfinished")
    assert [(frame.stream, frame.payload) for frame in frames] == [(s, line + b"\n") for s, line in lines]
    assert used == len(data) and all(frame.time == TIME for frame in frames)


def test_what_is_no_record_is_passed_over() -> None:
    data = b"nonsense\n\nyesterday stdout F x\n2023-11-14T22:13:20.5Z stdlog F x\n2023-11-14T22:13:20.5Z stdout P x\n"
    frames, used = crilog.decode(data)
    assert [(frame.time, frame.payload) for frame in frames] == [(1_700_000_000_500_000_000, b"x")]
    assert used == len(data)
