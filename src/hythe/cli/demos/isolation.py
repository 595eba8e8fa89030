"""`hythe demo isolation`: noisy neighbours, on a bare machine and in containers, side by side."""

from __future__ import annotations

import json
import os
import shutil
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any, Final

from hythe.cli.demos.bare import Bare
from hythe.cli.demos.contained import Contained
from hythe.cli.demos.places import Place
from hythe.cli.demos.rows import ROWS, Felt, Row
from hythe.cli.parsing import Parser
from hythe.cli.session import Session
from hythe.errors import InvalidArgument

_BARE: Final = "without"
_HYTHE: Final = "with"


def isolation(session: Session, argv: list[str]) -> int:
    parser = Parser(
        session, "isolation", "[OPTIONS]",
        "Show what a noisy neighbour does to its victim: as plain processes on one machine (a control group with "
        "256 MiB and 100 processes stands for it), and in containers. Takes half a minute.",
    )  # fmt: skip
    parser.many("--only", metavar="ROW,...", help="only these: " + ", ".join(row.key for row in ROWS))
    parser.text("--seconds", metavar="N", help="how long to watch what is counted (default: 2)")
    parser.text("--format", metavar="table|json", help="how to print it (default: table)")
    options = parser.options(argv)
    rows = _chosen([key for text in options.only for key in text.split(",")])
    seconds = _seconds(options.seconds or "2")
    if options.format not in (None, "", "table", "json"):
        raise InvalidArgument(f"invalid --format: {options.format!r}", hint="use table or json")
    client = session.client  # first of all: a daemon that it starts must not be in our namespaces
    makers: dict[str, Callable[[], Any]] = {_HYTHE: lambda: Contained(client)}
    if os.geteuid() == 0:
        makers = {_BARE: Bare, **makers}
    else:
        session.err("without root there is no control group to stand for a machine: that side is left out")
    measured = _measured(rows, makers, seconds)
    if options.format == "json":
        session.out(json.dumps([_plain(row, felt) for row, felt in measured], indent=4))
        return 0
    width = min(shutil.get_terminal_size().columns, 120)
    for line in _page(measured, width):
        session.out(line)
        session.flush()
    return 0


def _chosen(keys: Sequence[str]) -> list[Row]:
    """By whole keys, or by "S6" for all that begin so."""
    for key in keys:
        if not any(row.key.split()[0] == key or row.key == key for row in ROWS):
            raise InvalidArgument(f"no row {key!r}", hint="rows are " + ", ".join(row.key for row in ROWS))
    return [row for row in ROWS if not keys or row.key in keys or row.key.split()[0] in keys]


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError as error:
        raise InvalidArgument(f"invalid --seconds: {text!r}", hint="give a number") from error
    if not 0.5 <= seconds <= 60:
        raise InvalidArgument(f"invalid --seconds: {text}", hint="give 0.5 to 60")
    return seconds


def _measured(
    rows: Sequence[Row], makers: dict[str, Callable[[], Any]], seconds: float
) -> Iterator[tuple[Row, dict[str, Felt]]]:
    """Each row in each place, one after the other; a place is made anew for each."""
    for row in rows:
        felt: dict[str, Felt] = {}
        for name, make in makers.items():
            place: Place
            with closing(make()) as place:
                felt[name] = row.measure(place, seconds)
        yield row, felt


def _plain(row: Row, felt: dict[str, Felt]) -> dict[str, Any]:
    return {
        "Row": row.key,
        "Neighbour": row.neighbour,
        **{f"{name.title()}Hythe": {"Held": one.held, "Felt": one.words} for name, one in felt.items()},
    }


def _page(measured: Iterator[tuple[Row, dict[str, Felt]]], width: int) -> Iterator[str]:
    """Columns that wrap; a row appears when it has been measured."""
    cell = max(20, (width - 12) // 3 - 2)

    def lines(first: str, *cells: str) -> Iterator[str]:
        wrapped = [textwrap.wrap(text, cell) or [""] for text in cells]
        for number in range(max(map(len, wrapped))):
            parts = [column[number] if number < len(column) else "" for column in wrapped]
            yield "  ".join(
                [f"{first if number == 0 else '':10}", *(f"{part:{cell}}" for part in parts)]
            ).rstrip()

    yield from lines("", "THE NEIGHBOUR", "THE VICTIM WITHOUT HYTHE", "THE VICTIM WITH HYTHE")
    for row, felt in measured:
        shown = [felt[name].words if name in felt else "-" for name in (_BARE, _HYTHE)]
        yield from lines(row.key, row.neighbour, *shown)
