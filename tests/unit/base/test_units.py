"""Sizes and durations, read and written."""

from __future__ import annotations

import pytest

from hythe.base.units import human_duration, human_memory, human_size, parse_duration, parse_size
from hythe.errors import InvalidArgument

M, H, D = 60, 3600, 86400


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "Less than a second"),
        (0.9, "Less than a second"),
        (1, "1 second"),
        (59, "59 seconds"),
        (M, "About a minute"),
        (3 * M, "3 minutes"),
        (59 * M, "59 minutes"),
        (60 * M, "About an hour"),
        (100 * M, "2 hours"),
        (47 * H, "47 hours"),
        (48 * H, "2 days"),
        (13 * D, "13 days"),
        (14 * D, "2 weeks"),
        (59 * D, "8 weeks"),
        (61 * D, "2 months"),
        (729 * D, "24 months"),
        (731 * D, "2 years"),
    ],
)
def test_durations(seconds: int, text: str) -> None:
    assert human_duration(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0B"), (999, "999B"), (1000, "1kB"), (1_240_000, "1.24MB"), (5e15, "5e+03TB")]
)
def test_sizes_on_disk(size: float, text: str) -> None:
    assert human_size(size) == text


@pytest.mark.parametrize(("size", "text"), [(1023, "1023B"), (20_447_232, "19.5MiB"), (1 << 30, "1GiB")])
def test_sizes_of_memory(size: float, text: str) -> None:
    assert human_memory(size) == text


@pytest.mark.parametrize(
    ("text", "size"), [("512", 512), ("64k", 65536), ("1.5g", 3 << 29), ("20MiB", 20 << 20)]
)
def test_sizes_are_powers_of_1024(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(("text", "seconds"), [("1h30m", 5400), ("0", 0), ("1.5s", 1.5), ("250ms", 0.25)])
def test_durations_are_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds * 10**9


@pytest.mark.parametrize("text", ["", "5", "5 parsecs", "1h30", "-"])
def test_what_is_no_duration_or_size(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_duration(text)
    with pytest.raises(InvalidArgument):
        parse_size(text if text != "5" else "5x")
