"""`hythe system df`: what takes disk space, and how much of it could be had back, summed as docker's client does."""

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
    parser.flag("-v", "--verbose", help="one by one")
    parser.text("--format", metavar="FORMAT", help="json, or a template")
    options = parser.options(argv)
    answer = session.client.df()
    if options.verbose:
        from hythe.cli import df_verbose

        df_verbose.show(answer, options.format, session.out)
        return 0
    table.show(_rows(answer), _COLUMNS, default=tuple(_COLUMNS), form=options.format, out=session.out)
    return 0


def _rows(answer: Json) -> Iterable[Json]:
    images, containers = answer.get("Images") or [], answer.get("Containers") or []
    volumes, builds = answer.get("Volumes") or [], answer.get("BuildCache") or []
    layers = answer.get("LayersSize") or 0
    active = [image for image in images if image.get("Containers")]
    kept = sum(_own(image) for image in active)
    yield _row("Images", len(images), len(active), layers, layers - kept)
    running = [one for one in containers if one["State"] in ("running", "paused", "restarting")]
    written = sum(one.get("SizeRw") or 0 for one in containers)
    busy = sum(one.get("SizeRw") or 0 for one in running)
    yield _row("Containers", len(containers), len(running), written, written - busy)
    usage = [volume.get("UsageData") or {} for volume in volumes]
    sizes = [(one.get("RefCount", 0), max(one.get("Size", 0), 0)) for one in usage]
    taken, total = sum(size for refs, size in sizes if refs > 0), sum(size for _, size in sizes)
    yield _row("Local Volumes", len(volumes), sum(refs > 0 for refs, _ in sizes), total, total - taken)
    in_use = [one for one in builds if one.get("InUse")]
    cached, busy = cache_size(builds), cache_size(in_use)
    yield _row("Build Cache", len(builds), len(in_use), cached, cached - busy, share=False)


def cache_size(builds: Iterable[Json]) -> int:
    """What is shared with images is theirs."""
    return sum(one.get("Size") or 0 for one in builds if not one.get("Shared"))


def _own(image: Json) -> int:
    if image["Size"] == -1 or image.get("SharedSize", -1) == -1:
        return 0
    return int(image["Size"]) - int(image["SharedSize"])


def _row(kind: str, count: int, active: int, size: int, free: int, *, share: bool = True) -> Json:
    part = f" ({free * 100 // size}%)" if size > 0 and share else ""
    return {
        "Type": kind, "TotalCount": str(count), "Active": str(active), "Size": human_size(size, 4),
        "Reclaimable": human_size(free, 4) + part,
    }  # fmt: skip
