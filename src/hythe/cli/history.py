"""`hythe history`: how an image was made."""

from __future__ import annotations

from typing import Any, Final

from hythe.base.ids import short
from hythe.base.units import human_size
from hythe.cli.format import table
from hythe.cli.format.times import ago
from hythe.cli.parsing import Parser
from hythe.cli.session import Session

_COLUMNS: Final = {
    "ID": "IMAGE", "CreatedSince": "CREATED", "CreatedAt": "CREATED AT", "CreatedBy": "CREATED BY",
    "Size": "SIZE", "Comment": "COMMENT",
}  # fmt: skip
_DEFAULT: Final = ("ID", "CreatedSince", "CreatedBy", "Size", "Comment")
_WIDTH: Final = 45


def history(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "history", "[OPTIONS] IMAGE", "Show the layers of an image, newest first.")
    parser.flag("-q", "--quiet", help="ids only")
    parser.flag("--no-trunc", help="do not cut anything short")
    parser.flag("-H", "--human", default=True, help="sizes and times in words; --human=false: exact")
    parser.text("--platform", metavar="OS/ARCH", help="of a multi-platform image")
    parser.text("--format", metavar="FORMAT", help="json, or a template")
    parser.add_argument("image", metavar="IMAGE")
    options = parser.options(argv)
    found = session.client.images.history(options.image, platform=options.platform)
    rows = [_row(entry, options.no_trunc, options.human) for entry in found]
    if options.quiet:
        for row in rows:
            session.out(row["ID"])
        return 0
    columns = _COLUMNS if options.human else {**_COLUMNS, "CreatedSince": "CREATED AT"}
    table.show(rows, columns, default=_DEFAULT, form=options.format, out=session.out)
    return 0


def _row(entry: dict[str, Any], whole: bool, human: bool) -> dict[str, Any]:
    import time

    command = str(entry["CreatedBy"]).replace("\t", " ")
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(entry["Created"]))
    return {
        "ID": entry["Id"] if whole or entry["Id"] == "<missing>" else short(entry["Id"]),
        "CreatedSince": ago(entry["Created"]) if human else when,
        "CreatedAt": when,
        "CreatedBy": command if whole or len(command) <= _WIDTH else command[: _WIDTH - 1] + "…",
        "Size": human_size(entry["Size"]) if human else str(entry["Size"]),
        "Comment": entry.get("Comment", ""),
    }
