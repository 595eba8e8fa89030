"""The container's control group: where it is, what is limited, and how much of that is used."""

from __future__ import annotations

from msgspec import Struct

from hythe.engine.explain.subject import Subject
from hythe.kernel.cgroups import readings
from hythe.kernel.mountinfo import read_mounts
from hythe.kernel.procfs import read_memberships


class Folder(Struct):
    """`controllers` is empty for version 2's tree. Not its `own`: a group of others too, which limits nothing of it."""

    controllers: list[str]
    path: str
    own: bool


class Row(Struct):
    """As `kernel.cgroups.readings.Reading`: `limit` None is none, a file "" is none."""

    name: str
    unit: str
    limit: int | float | str | None
    limit_file: str
    use: int | str | None
    use_unit: str
    use_file: str
    note: str


class ControlGroup(Struct):
    """`path` counts from the top of each tree; `folders` are where that is mounted."""

    shown_by: list[str]
    version: int
    path: str
    folders: list[Folder]
    rows: list[Row]


def own_folder(folder: str, id: str) -> str:
    """The container's own group, where its process may have gone below that by itself; "" for none of its own."""
    above, separator, _ = f"{folder}/".partition(f"/{id}/")
    return f"{above}/{id}" if separator else ""


def control_group(subject: Subject) -> ControlGroup:
    pid = subject.pid
    groups = readings.folders(read_memberships(pid), read_mounts("self"))
    path = subject.parts.cgroup(subject.record)
    own = {name: cut for name, folder in groups.items() if (cut := own_folder(folder, subject.record.id))}
    by_folder: dict[str, list[str]] = {}
    for controller, folder in (groups | own).items():
        by_folder.setdefault(folder, []).extend([controller] if controller else [])
    rows = [
        Row(r.name, r.unit, r.limit, r.limit_file, r.use, r.use_unit or r.unit, r.use_file, r.note)
        for r in readings.read(own, readings.version(groups))
    ]
    folders = [Folder(names, folder, folder in own.values()) for folder, names in by_folder.items()]
    return ControlGroup([f"/proc/{pid}/cgroup"], readings.version(groups), path, folders, rows)
