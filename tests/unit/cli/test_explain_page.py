"""How a page of sections is laid out."""

from __future__ import annotations

import pytest

from hythe.cli.format.explain.page import Facts, Lines, Section, Table, colored, render, visible, wrapped
from hythe.cli.format.explain.resources import amount

PAGE = [
    Section(
        "One",
        ["/proc/1/ns"],
        [
            Facts([("name", "a text of several words"), ("", "goes on")]),
            Table(["A", "LAST"], [["1", "some words and /a/very/long/path/that/is/never/cut"], ["22", "x"]]),
        ],
    ),
    Section("Two", [], [Lines(["  as it is"]), Table(["EMPTY"], [])]),
]


def test_a_page() -> None:
    assert render(PAGE, 28) == [
        "One  /proc/1/ns",
        "  name  a text of several",
        "        words",
        "        goes on",
        "  A   LAST",
        "  1   some words and",
        "      /a/very/long/path/that/is/never/cut",
        "  22  x",
        "",
        "Two",
        "    as it is",
    ]


@pytest.mark.parametrize("width", [24, 40, 80, 200])
def test_no_line_is_too_long_but_for_a_word(width: int) -> None:
    for line in render(PAGE, width):
        assert len(line) <= width or len(line.split()) == 1 or line.endswith("LAST")


def test_the_last_column_goes_below_where_there_is_no_room() -> None:
    table = Table(["WIDE", "LAST"], [["x" * 30, "a few words"]])
    assert render([Section("T", [], [table])], 40)[3:] == ["  " + "x" * 30, "      a few words"]


def test_color_takes_no_room() -> None:
    shown = render(PAGE, 28, colored)
    assert shown[0] == "\x1b[1mOne\x1b[0m  \x1b[2m/proc/1/ns\x1b[0m"
    assert shown[4] == "  \x1b[2mA   LAST\x1b[0m"
    assert shown[5] == "  1   some words and"


def test_what_a_terminal_would_obey_is_shown() -> None:
    assert visible("a\x1b[2Jb\nc\x9bd é") == "a\\x1b[2Jb\\nc\\x9bd é"
    facts, lines = Facts([("x", "\x1b]0;y\x07")]), Lines(["\x1b[31m"])
    page = render([Section("T", [], [facts, lines])], 80)
    assert not any("\x1b" in line or "\x07" in line for line in page)


def test_wrapping() -> None:
    assert wrapped("", 10) == [""]
    assert wrapped("aa bb cc", 5) == ["aa bb", "cc"]


def test_amounts() -> None:
    assert amount(None, "bytes") == "none"
    assert amount(64 << 20, "bytes") == "64MiB"
    assert amount(0.5, "cpus") == "0.5 CPUs"
    assert amount(1_500_000_000, "nanoseconds") == "1.5s"
    assert amount("0-1", "list") == "0-1"
