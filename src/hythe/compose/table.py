"""Rows in columns, as docker prints them, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hythe.compose.arguments import UsageProblem


def aligned(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Titles and rows, columns three blanks apart."""
    table = [titles, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(titles))]
    return "\n".join(
        "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    )


def formatted(how: str, titles: Sequence[str], rows: Sequence[Sequence[str]], objects: list[Any]) -> str:
    """As --format says: table, or json (an object a line)."""
    if how == "json":
        return "\n".join(json.dumps(one) for one in objects)
    if how not in ("table", ""):
        raise UsageProblem(f"invalid --format {how!r}", hint="use table or json")
    return aligned(titles, rows)
