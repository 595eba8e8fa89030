"""`hythe images`, `hythe rmi`, `hythe tag`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from hythe.base.ids import short
from hythe.base.units import human_size
from hythe.cli.format import table
from hythe.cli.format.times import ago, local
from hythe.cli.parsing import Parser, filters
from hythe.cli.session import Session
from hythe.client.images import split_tag
from hythe.errors import NotFound

COLUMNS: Final = {
    "Repository": "REPOSITORY", "Tag": "TAG", "Digest": "DIGEST", "ID": "IMAGE ID", "CreatedSince": "CREATED",
    "CreatedAt": "CREATED AT", "Size": "SIZE", "VirtualSize": "SIZE", "SharedSize": "SHARED SIZE",
    "UniqueSize": "UNIQUE SIZE", "Containers": "CONTAINERS",
}  # fmt: skip
_NONE: Final = "<none>"

Json = dict[str, Any]


def images(session: Session, argv: list[str]) -> int:
    name = "ls" if session.prefix else "images"
    parser = Parser(session, name, "[OPTIONS] [NAME[:TAG]]", "List images.")
    parser.flag("-a", "--all", help="intermediate ones too")
    parser.flag("-q", "--quiet", help="ids only")
    parser.flag("--digests", help="with digests")
    parser.flag("--no-trunc", help="do not cut ids short")
    parser.many("-f", "--filter", metavar="NAME=VALUE", help="only those, e.g. dangling=true, reference=a*")
    parser.text("--format", metavar="FORMAT", help="json, or a template")
    parser.refuse("--tree", value=False, why="images have one platform here: see hythe images")
    parser.add_argument("name", nargs="?", metavar="IMAGE")
    options = parser.options(argv)
    wanted = filters(options.filter)
    if options.name:
        wanted["reference"] = [options.name]
    found = session.client.images.list(options.all, wanted)
    rows = [row for summary in found for row in _rows(summary, options.no_trunc)]
    if options.quiet:
        for row in rows:
            session.out(row["ID"])
        return 0
    middle = ["Digest"] if options.digests else []
    default = ["Repository", "Tag", *middle, "ID", "CreatedSince", "Size"]
    table.show(
        rows, COLUMNS, default=default, form=session.format(options.format, "imagesFormat"), out=session.out
    )
    return 0


def rmi(session: Session, argv: list[str]) -> int:
    name = "rm" if session.prefix else "rmi"
    parser = Parser(session, name, "[OPTIONS] IMAGE...", "Remove images.")
    parser.flag("-f", "--force", help="even if it has several names or stopped containers use it")
    parser.flag("--no-prune", help="keep parents that have no name")
    parser.many("--platform", metavar="OS/ARCH", help="of a multi-platform image, only this")
    parser.add_argument("images", nargs="+", metavar="IMAGE")
    options = parser.options(argv)

    def one(ref: str) -> str | None:
        try:
            done = session.client.images.remove(
                ref, force=options.force, no_prune=options.no_prune, platforms=options.platform
            )
        except NotFound as error:
            if not options.force:
                raise
            session.err(f"hythe: {error.message}")
            return None
        return "\n".join(f"{verb}: {what}" for entry in done for verb, what in entry.items())

    return session.each(options.images, one)


def tag(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "tag", "IMAGE NAME[:TAG]", "Give an image a further name.")
    parser.add_argument("image", metavar="IMAGE")
    parser.add_argument("name", metavar="NAME")
    options = parser.options(argv)
    session.client.images.tag(options.image, options.name)
    return 0


def _rows(summary: Json, whole: bool) -> Iterator[Json]:
    """One row for each name; one without a name where there is none."""
    tags = [name for name in summary.get("RepoTags") or [] if not name.startswith(_NONE)]
    digests = [name for name in summary.get("RepoDigests") or [] if not name.startswith(_NONE)]
    digest_of = {split_tag(name)[0]: split_tag(name)[1] for name in digests}
    names = [split_tag(name) for name in tags]
    if not names:
        names = [(repository, _NONE) for repository in digest_of] or [(_NONE, _NONE)]
    for repository, tag_name in names:
        yield {
            "Repository": repository, "Tag": tag_name, "Digest": digest_of.get(repository, _NONE),
            "ID": summary["Id"] if whole else short(summary["Id"]),
            "CreatedSince": ago(summary["Created"]), "CreatedAt": local(summary["Created"]),
            "Size": human_size(summary["Size"]), "VirtualSize": human_size(summary["Size"], 4),
            "SharedSize": _counted(summary.get("SharedSize", -1), _exact), "UniqueSize": "N/A",
            "Containers": _counted(summary.get("Containers", -1), str),
        }  # fmt: skip


def usage_row(summary: Json, *, whole: bool) -> Json:
    """Its row in `system df -v`: one for all of its names."""
    first = next(_rows({**summary, "RepoDigests": None}, whole))
    own = summary["Size"] - summary["SharedSize"] if summary.get("SharedSize", -1) >= 0 else -1
    return {**first, "Digest": "", "UniqueSize": _counted(own, _exact)}


def _exact(size: int) -> str:
    return human_size(size, 4)


def _counted(value: int, show: Any) -> str:
    return "N/A" if value < 0 else str(show(value))
