"""Sections about what the container takes: its control group, its root's layers, its mounts."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any, Final

from hythe.base.units import human_memory, human_size
from hythe.cli.format.explain.page import Facts, Section, Table

Json = dict[str, Any]
_FOLDED: Final = {"cgroup": "its control group", "masked": "hidden", "read-only": "read-only"}


def control_group(value: Json) -> Section:
    own = [folder["Path"] for folder in value["Folders"] if folder["Own"]]
    shared = [",".join(f["Controllers"]) or "version 2" for f in value["Folders"] if not f["Own"]]
    facts = [("version", str(value["Version"])), ("group", value["Path"])]
    facts.append(("in", " ".join(sorted(path.removesuffix(value["Path"]) for path in own))))
    if shared:
        facts.append(("not in", f"{', '.join(shared)}: there it is in a group with others"))
    rows = [
        [
            row["Name"],
            amount(row["Limit"], row["Unit"]) if row["LimitFile"] else "",
            amount(row["Use"], row["UseUnit"]) if row["UseFile"] else "",
            _files(row) + (f" ({row['Note']})" if row["Note"] else ""),
        ]
        for row in value["Rows"]
    ]
    table = Table(["WHAT", "LIMIT", "USED", "FILES"], rows)
    return Section("Control group", value["ShownBy"], [Facts(facts), table])


def _files(row: Json) -> str:
    names = [posixpath.basename(path) for path in (row["LimitFile"], row["UseFile"]) if path]
    return ", ".join(dict.fromkeys(names))


def amount(value: Any, unit: str) -> str:
    """A limit or a use in words."""
    if value is None:
        return "none"
    if unit == "bytes":
        return human_memory(value)
    if unit == "nanoseconds":
        return f"{value / 1e9:.3g}s"
    if unit == "cpus":
        return f"{value:g} CPUs"
    return str(value)


def layers(value: Json) -> Section:
    """A layer's directory has its chain id for a name."""
    names = [name for name in value["ImageNames"] if name not in (value["Image"], f"{value['Image']}:latest")]
    known = (
        f", also {', '.join(names)}" if names else "" if value["ImageNames"] else ", which has no name now"
    )
    written = f"{human_size(value['Written'])} written, {value['Writable']}"
    facts = [
        ("image", f"{value['Image']}, {_short(value['ImageId'])}{known}"),
        ("root", "read-only" if value["ReadOnly"] else "may be written"),
        ("writable", written),
    ]
    rows = [
        [
            str(number),
            _short(one["DiffId"]),
            human_size(one["Size"]),
            one["Directory"],
        ]
        for number, one in enumerate(value["Layers"], 1)
    ]
    table = Table(["LAYER", "DIFF ID", "SIZE", "DIRECTORY"], rows)
    return Section("Layers, topmost first", value["ShownBy"], [Facts(facts), table])


def _short(digest: str) -> str:
    return digest.partition(":")[2][:12]


def mounts(value: Json) -> Section:
    """Those that hide things, and the many of version 1's control groups, are told in a line each."""
    items = value["Items"]
    rows = [[m["Destination"], m["Type"], _told(m)] for m in items if _kind(m) not in _FOLDED]
    folded = [
        (word, " ".join(m["Destination"] for m in items if _kind(m) == kind))
        for kind, word in _FOLDED.items()
    ]
    if not items:
        return Section("Mounts", value["ShownBy"], [Facts([("mounts", "none was asked for")])])
    table = Table(["PLACE", "TYPE", "WHAT, OPTIONS, SOURCE"], rows)
    return Section("Mounts", value["ShownBy"], [table, Facts([fact for fact in folded if fact[1]])])


def _kind(mount: Mapping[str, Any]) -> str:
    return "cgroup" if mount["Type"] == "cgroup" else str(mount["Origin"])


def _told(mount: Mapping[str, Any]) -> str:
    source = f"; from {mount['Source']}" if mount["Source"].startswith("/") else ""
    options = " ".join([*mount["Options"], *mount["Propagation"]])
    return f"{mount['What']}; {options}{source}"
