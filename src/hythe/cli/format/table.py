"""Tables as docker prints them, and the meaning of --format for a list of things.

A row is a mapping of field names (the ones that templates use) to texts. `--format` is "json", "table ..."
or a template; without one the default columns are shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

Row = Mapping[str, Any]
_MINIMUM: Final = 10
_GAP: Final = 3


def align(lines: Sequence[Sequence[str]]) -> list[str]:
    """Cells in columns: three spaces apart, at least ten wide, as Go's tabwriter is set up by docker."""
    widths: list[int] = []
    for cells in lines:
        for column, cell in enumerate(cells[:-1]):
            if column == len(widths):
                widths.append(_MINIMUM)
            widths[column] = max(widths[column], len(cell) + _GAP)
    return ["".join([*map(str.ljust, cells[:-1], widths), *cells[-1:]]) for cells in lines]


def show(
    rows: Iterable[Row], columns: Mapping[str, str], *, default: Sequence[str], form: str | None,
    out: Callable[[str], None],
) -> None:  # fmt: skip
    """Print rows. `columns` has the heading of every field, `default` the fields shown without --format."""
    if form in (None, "", "table"):
        lines = [[columns[name] for name in default]]
        lines += [[str(row[name]) for name in default] for row in rows]
        for line in align(lines):
            out(line)
        return
    from hythe.cli.format.template import Template
    from hythe.cli.format.values import Fields, to_json

    assert form is not None
    rows = map(Fields, rows)
    if form == "json":
        for row in rows:
            out(to_json(row))
        return
    heading = form.startswith("table ")
    template = Template(form.removeprefix("table ").strip() if heading else form, escapes=True)
    if not heading:
        for row in rows:
            out(template.render(row))
        return
    titles = {**columns, "Label": lambda name: str(name).rpartition(".")[2]}
    lines = [line.split("\t") for line in [template.render(titles), *map(template.render, rows)]]
    for line in align(lines):
        out(line)
