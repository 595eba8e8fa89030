"""`hythe system df`: what takes disk space, and how much of it could be had back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from hythe.base.units import human_size
from hythe.cli.format import table
from hythe.cli.parsing import Parser
from hythe.cli.session import Session

_COLUMNS: Final = {
    "Type": "TYPE", "TotalCount": "TOTAL", "Active": "ACTIVE", "Size": "SIZE", "Reclaimable": "RECLAIMABLE",
}  # fmt: skip

Json = dict[str, Any]


def df(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "df", "[OPTIONS]", "Show what takes disk space.")
    parser.refuse("-v", "--verbose", value=False, why="see hythe images, hythe ps -as, hythe volume ls")
    parser.text("--format", metavar="FORMAT", help="json, or a template")
    options = parser.options(argv)
    rows = _rows(session.client.df())
    table.show(rows, _COLUMNS, default=tuple(_COLUMNS), form=options.format, out=session.out)
    return 0


def _rows(answer: Json) -> Iterable[Json]:
    images, containers = answer.get("Images") or [], answer.get("Containers") or []
    volumes, builds = answer.get("Volumes") or [], answer.get("BuildCache") or []
    used = {container["ImageID"] for container in containers}
    layers = answer.get("LayersSize") or 0
    kept = sum(_own(image) for image in images if image["Id"] in used)
    active = [image for image in images if image["Id"] in used]
    yield _row("Images", len(images), len(active), layers, max(layers - kept, 0))
    running = [one for one in containers if one["State"] in ("running", "paused", "restarting")]
    written = sum(one.get("SizeRw") or 0 for one in containers)
    busy = sum(one.get("SizeRw") or 0 for one in running)
    yield _row("Containers", len(containers), len(running), written, written - busy)
    usage = [volume.get("UsageData") or {} for volume in volumes]
    sizes = [(one.get("RefCount", 0), max(one.get("Size", 0), 0)) for one in usage]
    taken, total = sum(size for refs, size in sizes if refs > 0), sum(size for _, size in sizes)
    yield _row("Local Volumes", len(volumes), sum(refs > 0 for refs, _ in sizes), total, total - taken)
    cached = sum(one.get("Size") or 0 for one in builds if not one.get("Shared"))
    in_use = [one for one in builds if one.get("InUse")]
    free = cached - sum(one.get("Size") or 0 for one in in_use)
    yield _row("Build Cache", len(builds), len(in_use), cached, free)


def _own(image: Json) -> int:
    shared = image.get("SharedSize") or 0
    return int(image["Size"]) - max(int(shared), 0)


def _row(kind: str, count: int, active: int, size: int, free: int) -> Json:
    share = f" ({free * 100 // size}%)" if size else ""
    return {
        "Type": kind, "TotalCount": str(count), "Active": str(active), "Size": human_size(size),
        "Reclaimable": human_size(free) + share,
    }  # fmt: skip
