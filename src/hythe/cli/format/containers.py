"""The row of a container in `ps`: every field that docker's templates know."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from hythe.base.units import human_size
from hythe.cli.format.times import ago, local

COLUMNS: Final = {
    "ID": "CONTAINER ID", "Image": "IMAGE", "Command": "COMMAND", "CreatedAt": "CREATED AT",
    "RunningFor": "CREATED", "Ports": "PORTS", "State": "STATE", "Status": "STATUS", "Size": "SIZE",
    "Names": "NAMES", "Labels": "LABELS", "Mounts": "MOUNTS", "LocalVolumes": "LOCAL VOLUMES",
    "Networks": "NETWORKS",
}  # fmt: skip
DEFAULT: Final = ("ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names")

Json = dict[str, Any]


def row(summary: Json, *, whole: bool = False) -> Json:
    """Fields of a ContainerSummary; `whole`: nothing is cut short."""
    labels = summary.get("Labels") or {}
    mounts = summary.get("Mounts") or []
    names = [mount.get("Name") or mount.get("Source", "") for mount in mounts]
    image = summary["Image"]
    return {
        "ID": summary["Id"] if whole else summary["Id"][:12],
        "Image": image if whole or not image.startswith("sha256:") else image.removeprefix("sha256:")[:12],
        "Command": _command(summary.get("Command", ""), whole),
        "CreatedAt": local(summary["Created"]), "RunningFor": ago(summary["Created"]),
        "Ports": ports(summary.get("Ports") or []), "State": summary["State"], "Status": summary["Status"],
        "Size": _size(summary),
        "Names": ",".join(name.removeprefix("/") for name in summary["Names"] if name.count("/") == 1),
        "Labels": ",".join(f"{key}={value}" for key, value in labels.items()),
        "Mounts": ",".join(name if whole else _cut(name, 15) for name in names),
        "LocalVolumes": str(sum(mount.get("Driver") == "local" for mount in mounts)),
        "Networks": ",".join((summary.get("NetworkSettings") or {}).get("Networks") or {}),
        "Label": lambda name: labels.get(name, ""), "Platform": None,
    }  # fmt: skip


def ports(entries: Iterable[Json]) -> str:
    """ "0.0.0.0:8080->80/tcp, 443/tcp"; neighbouring ports are drawn together, as docker does."""
    groups: list[tuple[str, str, int, int, int]] = []
    for entry in sorted(entries, key=_order):
        address, private, kind = entry.get("IP", ""), entry["PrivatePort"], entry["Type"]
        public = entry.get("PublicPort", 0)
        if groups:
            last_address, last_kind, first, count, start = groups[-1]
            follows = private == first + count and (public == start + count if start else not public)
            if (last_address, last_kind) == (address, kind) and follows:
                groups[-1] = (address, kind, first, count + 1, start)
                continue
        groups.append((address, kind, private, 1, public))
    return ", ".join(_group(*group) for group in groups)


def _group(address: str, kind: str, first: int, count: int, start: int) -> str:
    inside = _span(first, count)
    if not start:
        return f"{inside}/{kind}"
    host = f"[{address}]" if ":" in address else address
    return f"{host}:{_span(start, count)}->{inside}/{kind}"


def _span(first: int, count: int) -> str:
    return str(first) if count == 1 else f"{first}-{first + count - 1}"


def _order(entry: Json) -> tuple[str, str, int, int]:
    return entry["Type"], entry.get("IP", ""), entry["PrivatePort"], entry.get("PublicPort", 0)


def _command(command: str, whole: bool) -> str:
    return json.dumps(command if whole else _cut(command, 20), ensure_ascii=False)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _size(summary: Json) -> str:
    written, total = summary.get("SizeRw") or 0, summary.get("SizeRootFs") or 0
    return human_size(written) + (f" (virtual {human_size(total)})" if total else "")
