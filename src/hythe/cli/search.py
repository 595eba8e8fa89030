"""`hythe search`."""

from __future__ import annotations

from typing import Any, Final

from hythe.cli.format import table
from hythe.cli.parsing import Parser, filters
from hythe.cli.session import Session
from hythe.client.credentials import Credentials

_COLUMNS: Final = {
    "Name": "NAME", "Description": "DESCRIPTION", "StarCount": "STARS", "IsOfficial": "OFFICIAL",
    "IsAutomated": "AUTOMATED",
}  # fmt: skip
_DEFAULT: Final = ("Name", "Description", "StarCount", "IsOfficial")
_WIDTH: Final = 45


def search(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "search", "[OPTIONS] TERM", "Search a registry for images.")
    parser.many("-f", "--filter", metavar="NAME=VALUE", help="stars=N, is-official=true, is-automated=true")
    parser.text("--format", metavar="FORMAT", help="json, or a template")
    parser.number("--limit", help="at most so many, 25 by default")
    parser.flag("--no-trunc", help="do not cut descriptions short")
    parser.add_argument("term", metavar="TERM")
    options = parser.options(argv)
    found = session.client.images.search(
        options.term, limit=options.limit, filters=filters(options.filter) or None,
        auth=Credentials().for_image(options.term),
    )  # fmt: skip
    rows = [_row(one, options.no_trunc) for one in found]
    table.show(rows, _COLUMNS, default=_DEFAULT, form=options.format, out=session.out)
    return 0


def _row(one: dict[str, Any], whole: bool) -> dict[str, Any]:
    description = " ".join(str(one.get("description") or "").split())
    cut = description if whole or len(description) <= _WIDTH else description[: _WIDTH - 1] + "…"
    return {
        "Name": one["name"], "Description": cut, "StarCount": str(one.get("star_count", 0)),
        "IsOfficial": "[OK]" if one.get("is_official") else "",
        "IsAutomated": "[OK]" if one.get("is_automated") else "",
    }  # fmt: skip
