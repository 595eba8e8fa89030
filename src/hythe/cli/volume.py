"""`hythe volume`: create, ls, rm."""

from __future__ import annotations

from typing import Any, Final

from hythe.base.units import human_size
from hythe.cli.format import table
from hythe.cli.parsing import Parser, filters
from hythe.cli.session import Session
from hythe.client.config import limits
from hythe.client.config.environment import labels
from hythe.errors import InvalidArgument

COLUMNS: Final = {
    "Driver": "DRIVER", "Name": "VOLUME NAME", "Scope": "SCOPE", "Mountpoint": "MOUNTPOINT",
    "Labels": "LABELS", "Links": "LINKS", "Size": "SIZE",
}  # fmt: skip
_CLUSTER: Final = (
    "--availability --group --limit-bytes --required-bytes --scope --secret --sharing --topology-preferred "
    "--topology-required --type"
)


def create(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "create", "[OPTIONS] [NAME]", "Create a volume.")
    parser.text("-d", "--driver", metavar="NAME", default="local", help="default local")
    parser.text("--name", metavar="NAME", help="its name")
    parser.many("-o", "--opt", metavar="NAME=VALUE", help="type, o and device, as of mount(8)")
    parser.many("--label", metavar="NAME=VALUE", help="label")
    parser.refuse(*_CLUSTER.split(), why="cluster volumes are of docker's swarm")
    parser.add_argument("volume", nargs="?", metavar="NAME")
    options = parser.options(argv)
    if options.name and options.volume:
        raise InvalidArgument("the name is given twice", hint="leave --name out")
    made = session.client.volumes.create(
        options.volume or options.name, driver=options.driver, labels=labels(options.label),
        options=limits.pairs(options.opt, "driver option"),
    )  # fmt: skip
    session.out(made["Name"])
    return 0


def ls(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "ls", "[OPTIONS]", "List volumes.")
    parser.flag("-q", "--quiet", help="names only")
    parser.many("-f", "--filter", metavar="NAME=VALUE", help="only those, e.g. dangling=true, name=a")
    parser.text("--format", metavar="FORMAT", help="json, or a template")
    parser.refuse("--cluster", value=False, why="cluster volumes are of docker's swarm")
    options = parser.options(argv)
    found = sorted(session.client.volumes.list(filters(options.filter)), key=lambda one: str(one["Name"]))
    if options.quiet:
        for volume in found:
            session.out(volume["Name"])
        return 0
    table.show(
        map(row, found),
        COLUMNS,
        default=("Driver", "Name"),
        form=session.format(options.format, "volumesFormat"),
        out=session.out,
    )
    return 0


def rm(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "rm", "[OPTIONS] VOLUME...", "Remove volumes. What is in them is gone.")
    parser.flag("-f", "--force", help="say nothing of those that are not there")
    parser.add_argument("volumes", nargs="+", metavar="VOLUME")
    options = parser.options(argv)

    def one(name: str) -> str:
        session.client.volumes.remove(name, force=options.force)
        return name

    return session.each(options.volumes, one)


def row(volume: dict[str, Any]) -> dict[str, Any]:
    """Every field that templates know."""
    marks = volume.get("Labels") or {}
    usage = volume.get("UsageData") or {}
    return {
        "Driver": volume["Driver"], "Name": volume["Name"], "Scope": volume.get("Scope", "local"),
        "Mountpoint": volume.get("Mountpoint", ""),
        "Labels": ",".join(f"{key}={value}" for key, value in marks.items()),
        "Links": str(usage["RefCount"]) if usage else "N/A",
        "Size": human_size(usage["Size"]) if usage else "N/A",
        "Label": lambda name: marks.get(name, ""),
        "Availability": "N/A", "Group": "N/A", "Status": "N/A",
    }  # fmt: skip
