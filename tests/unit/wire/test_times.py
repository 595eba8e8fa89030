"""Times as Docker's clients write and read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.errors import InvalidArgument
from hythe.wire.times import SECOND, format_fixed, format_time, parse_time

NOW = 1_800_000_000 * SECOND


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0001-01-01T00:00:00Z"),
        (1_700_000_000 * SECOND, "2023-11-14T22:13:20Z"),
        (1_700_000_000 * SECOND + 120_000_000, "2023-11-14T22:13:20.12Z"),
        (1_700_000_000 * SECOND + 1, "2023-11-14T22:13:20.000000001Z"),
    ],
)
def test_format(nanoseconds: int, text: str) -> None:
    assert format_time(nanoseconds) == text


def test_log_lines_keep_their_columns() -> None:
    assert format_fixed(1_700_000_000 * SECOND) == "2023-11-14T22:13:20.000000000Z"


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("", 0),
        ("0", 0),
        ("1700000000", 1_700_000_000 * SECOND),
        ("1700000000.000000042", 1_700_000_000 * SECOND + 42),
        ("1700000000.5", 1_700_000_000 * SECOND + SECOND // 2),
        ("2023-11-14T22:13:20Z", 1_700_000_000 * SECOND),
        ("2023-11-14T23:13:20.5+01:00", 1_700_000_000 * SECOND + SECOND // 2),
        ("2023-11-14", 1_699_920_000 * SECOND),
        ("10m", NOW - 600 * SECOND),
        ("1.5s", NOW - 3 * SECOND // 2),
    ],
)
def test_parse(text: str, nanoseconds: int) -> None:
    assert parse_time(text, NOW) == nanoseconds


@pytest.mark.parametrize("text", ["yesterday", "2023-13-01", "12 m", "2023-11-14T99:00Z"])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_time(text, NOW)


@given(st.integers(1, 2**62))
def test_what_is_written_is_read_back(nanoseconds: int) -> None:
    assert parse_time(format_time(nanoseconds), NOW) == nanoseconds
