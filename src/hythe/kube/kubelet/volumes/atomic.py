"""Files that change all at once: what ConfigMaps, Secrets and their like look like inside a container.

    volume/
      ..2026_11_28_16_00_00.123456789/   the files, complete
      ..data -> ..2026_11_28_...         replaced by rename(2): readers see the old or the new files, never both
      key -> ..data/key                  one link for each first component of a path

A writer first compares with what is there and does nothing if it is the same. Source: pkg/volume/util/atomic_writer.go
of Kubernetes; the layout is what programs (and conformance tests) know.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from hythe.kube.kubelet.volumes.problem import VolumeProblem

DATA = "..data"


class File(NamedTuple):
    """`owner` is a uid, None for root."""

    data: bytes
    mode: int
    owner: int | None = None


Payload = Mapping[str, File]
"""By relative path, such as "a/b"."""


class Plan(NamedTuple):
    """Links beside `..data` to add and to take away."""

    add: frozenset[str]
    remove: frozenset[str]


def check_path(path: str) -> str:
    """A path that stays inside, without ".." parts. Raises VolumeProblem, in Kubernetes' words."""
    if not path:
        raise VolumeProblem("invalid path: must not be empty")
    if path.startswith("/"):
        raise VolumeProblem(f"invalid path: must be relative path: {path}")
    parts = path.split("/")
    if ".." in parts:
        raise VolumeProblem(f"invalid path: must not contain '..': {path}")
    if parts[0].startswith(".."):
        raise VolumeProblem(f"invalid path: must not start with '..': {path}")
    if len(path) > 4096:
        raise VolumeProblem(f"invalid path: must be less than or equal to 4096 characters: {path[:64]}...")
    return os.path.normpath(path)


def plan(wanted: Payload, links: frozenset[str]) -> Plan:
    """What has to change among the links that are visible to readers."""
    needed = frozenset(path.split("/", 1)[0] for path in wanted)
    return Plan(needed - links, links - needed)


def write(folder: Path, payload: Payload, *, group: int | None = None) -> bool:
    """Make `folder` show exactly `payload`; whether anything has changed. Raises VolumeProblem, OSError.

    `group` is an fsGroup: files belong to it and are readable for it.
    """
    checked = {check_path(path): file for path, file in payload.items()}
    if _same(folder, checked):
        return False
    before = _target(folder)
    fresh = folder / f"..{time.strftime('%Y_%m_%d_%H_%M_%S')}.{secrets.randbelow(10**9):09d}"
    fresh.mkdir(mode=0o755)
    try:
        fresh.chmod(0o755)
        for path, file in checked.items():
            _write_one(fresh, path, file, group)
        if group is not None:
            _give_folders(fresh, group)
        (folder / f"{DATA}_tmp").symlink_to(fresh.name)
        (folder / f"{DATA}_tmp").rename(folder / DATA)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        (folder / f"{DATA}_tmp").unlink(missing_ok=True)
        raise
    _links(folder, plan(checked, _visible(folder)))
    if before is not None:
        shutil.rmtree(before, ignore_errors=True)
    return True


def _write_one(fresh: Path, path: str, file: File, group: int | None) -> None:
    place = fresh / path
    place.parent.mkdir(parents=True, exist_ok=True)
    mode = file.mode | (0o440 if group is not None else 0)
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with open(descriptor, "wb") as out:
        out.write(file.data)
        if file.owner is not None or group is not None:
            os.fchown(out.fileno(), -1 if file.owner is None else file.owner, -1 if group is None else group)
        os.fchmod(out.fileno(), mode)


def _give_folders(fresh: Path, group: int) -> None:
    for folder, _, _ in os.walk(fresh):
        os.chown(folder, -1, group)
        Path(folder).chmod(stat.S_IMODE(os.stat(folder).st_mode) | stat.S_ISGID | 0o550)


def _target(folder: Path) -> Path | None:
    try:
        return folder / (folder / DATA).readlink()
    except FileNotFoundError:
        return None


def _visible(folder: Path) -> frozenset[str]:
    return frozenset(name for name in (one.name for one in folder.iterdir()) if not name.startswith(".."))


def _links(folder: Path, changes: Plan) -> None:
    for name in changes.add:
        (folder / name).symlink_to(f"{DATA}/{name}")
    for name in changes.remove:
        (folder / name).unlink()


def _same(folder: Path, wanted: Payload) -> bool:
    """Whether the files there are these, with these modes. Owners follow from the rest."""
    current = _target(folder)
    if current is None or not current.is_dir():
        return False
    found = {
        os.path.relpath(os.path.join(base, name), current)
        for base, _, names in os.walk(current)
        for name in names
    }
    if found != wanted.keys() or _visible(folder) != {path.split("/", 1)[0] for path in wanted}:
        return False
    return all(_holds(current / path, file) for path, file in wanted.items())


def _holds(place: Path, file: File) -> bool:
    mode = stat.S_IMODE(place.stat().st_mode)
    return mode & file.mode == file.mode and place.read_bytes() == file.data
