"""What the containers of a program left: their state, and their control groups.

`adapter` writes a line for each container that it makes. After the program, when its processes are gone, each is
deleted by the runtime, and the control groups that bear its id or that its configuration names are removed.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+.-]+")


@dataclass(frozen=True)
class Made:
    """A container that was made: where its state is, its id, and its cgroupsPath ("" without one)."""

    root: str
    id: str
    groups: str


def read(journal: Path) -> list[Made]:
    """The containers in the journal; none when nothing was made."""
    if not journal.exists():
        return []
    lines = (line.split("\t") for line in journal.read_text().splitlines())
    return [Made(*fields) for fields in lines if len(fields) == 3 and _ID.fullmatch(fields[1])]


def clear(made: list[Made], runtime: Path, groups: Iterable[str], before: frozenset[Path]) -> None:
    """Delete these containers with `runtime`, then their control groups and `groups`, but none of those `before`."""
    hierarchies = _hierarchies()
    for each in made:
        if (Path(each.root) / each.id).exists():
            command = [str(runtime), "--root", each.root, "delete", "--force", each.id]
            subprocess.run(command, capture_output=True, timeout=30, check=False)
    for mounted, own in hierarchies:
        places = [mounted / group for group in groups]
        for each in made:
            if each.groups.startswith("/"):
                places.append(mounted / each.groups.lstrip("/"))
            elif ":" not in each.groups:
                names = [each.groups] if each.groups else [each.id, f"hythe-runtime/{each.id}"]
                places += [mounted / folder / name for folder in ("", own) for name in names]
        for place in places:
            _remove(mounted, place, before)


def existing() -> frozenset[Path]:
    """All control groups that there are now."""
    return frozenset(Path(folder) for mounted, _ in _hierarchies() for folder, _, _ in os.walk(mounted))


def _hierarchies() -> list[tuple[Path, str]]:
    """Where each hierarchy of control groups is mounted, and this process's own group in it."""
    own = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        own[frozenset(controllers.split(","))] = path.lstrip("/")
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        if kind in ("cgroup", "cgroup2"):
            named = set(options.split(","))
            path = next((path for names, path in own.items() if names <= named), own.get(frozenset({""}), ""))
            found.append((Path(before.split(" ")[4]), path))
    return found


def _remove(mounted: Path, group: Path, before: frozenset[Path]) -> None:
    """Remove `group` with the groups below it, then its parents; those `before` and busy ones are left."""
    if ".." in group.parts:
        return
    within = [Path(folder) for folder, _, _ in os.walk(group, topdown=False)]
    for folder in [*within, *group.parents]:
        if folder in before or folder == mounted:
            return
        try:
            folder.rmdir()
        except OSError:
            continue
