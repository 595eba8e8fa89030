"""`hythe system df -v`: every image, container, volume and part of the build cache."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from hythe.base.units import human_size
from hythe.cli import images, volume
from hythe.cli.df import cache_size
from hythe.cli.format import containers, table
from hythe.cli.format.times import ago
from hythe.cli.format.values import Fields
from hythe.wire.times import parse_time

_IMAGES: Final = (
    "Repository", "Tag", "ID", "CreatedSince", "Size", "SharedSize", "UniqueSize", "Containers",
)  # fmt: skip
_CONTAINERS: Final = ("ID", "Image", "Command", "LocalVolumes", "Size", "RunningFor", "Status", "Names")
_CACHE: Final = {
    "ID": "CACHE ID", "CacheType": "CACHE TYPE", "Size": "SIZE", "CreatedSince": "CREATED",
    "LastUsedSince": "LAST USED", "UsageCount": "USAGE", "Shared": "SHARED", "Parent": "PARENT",
    "Description": "DESCRIPTION", "InUse": "IN USE",
}  # fmt: skip
_SHOWN: Final = ("ID", "CacheType", "Size", "CreatedSince", "LastUsedSince", "UsageCount", "Shared")

Json = dict[str, Any]


def show(answer: Json, form: str | None, out: Callable[[str], None]) -> None:
    """Four tables; with `form` one object of four lists."""
    whole = form is not None
    builds = answer.get("BuildCache") or []
    rows = {
        "Images": [images.usage_row(each, whole=whole) for each in answer.get("Images") or []],
        "Containers": [_container(each, whole) for each in answer.get("Containers") or []],
        "Volumes": [volume.row(each) for each in answer.get("Volumes") or []],
        "BuildCache": [_cached(each, whole) for each in builds],
    }
    if form is not None:
        out(_formatted(rows, form))
        return
    _table("Images space usage:\n", rows["Images"], images.COLUMNS, _IMAGES, out)
    _table("\nContainers space usage:\n", rows["Containers"], containers.COLUMNS, _CONTAINERS, out)
    _table("\nLocal Volumes space usage:\n", rows["Volumes"], volume.COLUMNS, ("Name", "Links", "Size"), out)
    _table(
        f"\nBuild cache usage: {human_size(cache_size(builds), 4)}\n", rows["BuildCache"], _CACHE, _SHOWN, out
    )


def _formatted(rows: dict[str, list[Json]], form: str) -> str:
    from hythe.cli.format.template import Template
    from hythe.cli.format.values import to_json

    value = {kind: [Fields(row) for row in found] for kind, found in rows.items()}
    if form != "json":
        return Template(form, escapes=True).render(value)
    parts = [f'"{kind}":[{",".join(map(to_json, found))}]' for kind, found in value.items()]
    return "{" + ",".join(parts) + "}"


def _table(
    title: str, rows: list[Json], columns: dict[str, str], shown: tuple[str, ...], out: Callable[[str], None]
) -> None:
    out(title)
    table.show(rows, columns, default=shown, form=None, out=out)


def _container(summary: Json, whole: bool) -> Json:
    return {**containers.row(summary, whole=whole), "Size": human_size(summary.get("SizeRw") or 0)}


def _cached(part: Json, whole: bool) -> Json:
    return {
        "ID": part["ID"] if whole else part["ID"][:12], "CacheType": part.get("Type", ""),
        "Size": human_size(part.get("Size") or 0), "CreatedSince": _since(part.get("CreatedAt")),
        "LastUsedSince": _since(part.get("LastUsedAt")), "UsageCount": str(part.get("UsageCount") or 0),
        "Shared": str(bool(part.get("Shared"))).lower(), "InUse": str(bool(part.get("InUse"))).lower(),
        "Parent": part.get("Parent", ""), "Description": part.get("Description", ""),
    }  # fmt: skip


def _since(stamp: str | None) -> str:
    return ago(parse_time(stamp, 0) / 10**9) if stamp else ""
