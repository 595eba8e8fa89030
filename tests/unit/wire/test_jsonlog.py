"""Docker's JSON lines: what is written is what json reads, and is read back as it was."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.wire import jsonlog
from hythe.wire.logframes import Frame

MOMENT = 1_767_323_045_000_000_006
_TRAPS = (
    b'"',
    b"\\",
    b"\n",
    b'","stream":"stdout"',
    b'{"log":"',
    b"\xff",
    b"\x00",
    b"\x1b",
    b"\r",
    "é€😀".encode(),
    b"a",
)
TEXT = st.lists(st.sampled_from(_TRAPS), min_size=1, max_size=30).map(b"".join)


def test_a_line_as_docker_has_it() -> None:
    record = jsonlog.encode(b'say "hi"\n', jsonlog.tail(1, MOMENT))
    assert record == b'{"log":"say \\"hi\\"\\n","stream":"stdout","time":"2026-01-02T03:04:05.000000006Z"}\n'


@given(TEXT, st.sampled_from([b"", b'{"a":"b}"}']))
def test_there_and_back(text: bytes, attributes: bytes) -> None:
    records = jsonlog.encode(text, jsonlog.tail(2, MOMENT, attributes))
    shown = text.decode(errors="replace")
    objects = [json.loads(line) for line in records.decode().split("\n")[:-1]]
    assert "".join(each["log"] for each in objects) == shown
    assert all(each["stream"] == "stderr" and ("attrs" in each) == bool(attributes) for each in objects)
    data = records + jsonlog.encode(b"more\n", jsonlog.tail(1, 7)) + b'{"log":"torn'
    frames, used = jsonlog.decode(data)
    assert data[used:] == b'{"log":"torn'
    assert b"".join(frame.payload for frame in frames) == shown.encode() + b"more\n"
    assert {frame.time for frame in frames[:-1]} == {MOMENT}
    backwards = list(jsonlog.lines_backwards(data))
    assert len(backwards) == len(objects) + 1
    assert sum(ends for _, _, ends in backwards) == shown.count("\n") + 1


def test_many_lines_of_one_moment_are_one_frame() -> None:
    text = b"y\n" * 1000
    data = b"".join(jsonlog.encode(text, jsonlog.tail(1, time)) for time in (1, 2, 3))
    assert jsonlog.decode(data) == ([Frame(time, 1, text) for time in (1, 2, 3)], len(data))


def test_what_another_program_wrote() -> None:
    other = b'{ "time": "2026-01-02T03:04:05.5Z", "stream": "stderr", "log": "caf\\u00e9\\n" }\n'
    assert jsonlog.decode(other)[0] == [Frame(1_767_323_045_500_000_000, 2, "café\n".encode())]


def test_what_is_no_record_is_left_out() -> None:
    good = jsonlog.encode(b"x\n", jsonlog.tail(1, 7))
    for wrong in (
        b"no json\n",
        b"[]\n",
        b"\n",
        b"\0\0\0" + good,
        b'{"log":"x","stream":"other","time":"2026-01-02T03:04:05Z"}\n',
        b'{"log":"x","stream":"stdout","time":"yesterday"}\n',
        b'{"log":7,"stream":"stdout","time":"2026-01-02T03:04:05Z"}\n',
    ):
        data = good + wrong + good
        assert jsonlog.decode(data) == ([Frame(7, 1, b"x\n")] * 2, len(data))


@pytest.mark.parametrize(
    ("text", "count"),
    [(b"", 0), (b"a", 0), ("é".encode(), 0), (b"a\xc3", 1), (b"\xe2\x82", 2), (b"\xf0\x9f\x98", 3)],
)
def test_characters_that_are_not_whole_yet(text: bytes, count: int) -> None:
    assert jsonlog.unfinished_character(text) == count
