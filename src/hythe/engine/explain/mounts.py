"""What is mounted in the container, where it comes from, and who asked for it.

The kernel's list says what is there; the container's record says why. Both are put together by the mount point:
a mount that no record explains was made by the container itself, or came in through propagation.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from msgspec import Struct

from hythe.engine.bundle.document import MASKED, READONLY
from hythe.engine.bundle.mounts import MANAGED_FILES
from hythe.engine.explain.subject import Subject
from hythe.engine.model import Container, MountPoint
from hythe.kernel.mountinfo import MountEntry, below, outside, read_mounts

Origin = Literal["root", "volume", "bind", "tmpfs", "engine", "masked", "read-only", "standard", "other"]

_STANDARD: Final = ("/proc", "/dev", "/sys")
_BACKED: Final = ("proc", "sysfs", "devpts", "mqueue", "cgroup", "cgroup2", "overlay")


class MountSeen(Struct):
    """`source` is a path on the host, or the kernel's word where there is none. `volume` is a name or ""."""

    destination: str
    type: str
    source: str
    options: list[str]
    propagation: list[str]
    origin: Origin
    volume: str
    what: str


class Mounts(Struct):
    shown_by: list[str]
    items: list[MountSeen]


def _asked(mount: MountPoint) -> tuple[Origin, str, str]:
    if mount.type == "volume":
        kind = "anonymous volume" if mount.anonymous else "volume"
        return "volume", mount.volume, f"{kind} {mount.volume}"
    return mount.type, "", {"bind": "bind mount", "tmpfs": "tmpfs"}[mount.type] + " that was asked for"


def origin(entry: MountEntry, record: Container) -> tuple[Origin, str, str]:
    """(kind, volume's name or "", in words) of one mount."""
    point = entry.point
    if point == "/":
        return "root", "", "the image's layers and the writable one"
    asked = max(
        (m for m in record.mounts if below(point, m.target.rstrip("/")) is not None),
        key=lambda m: len(m.target),
        default=None,
    )
    if asked is not None:
        kind, volume, words = _asked(asked)
        return kind, volume, words if asked.target.rstrip("/") == point else f"below the {words}"
    if point in [f"/etc/{name}" for name in MANAGED_FILES]:
        return "engine", "", "kept by hythe, written at each start"
    if point in MASKED and (entry.type == "tmpfs" or "null" in entry.root or entry.source == "devtmpfs"):
        return "masked", "", "hides what containers must not see"
    if point in READONLY and entry.type == "proc":
        return "read-only", "", "keeps settings of the kernel from being written"
    if any(below(point, folder) is not None for folder in _STANDARD):
        return "standard", "", _standard(entry)
    return "other", "", "made since the start"


def _standard(entry: MountEntry) -> str:
    if entry.point == "/dev":
        return "a /dev with a few devices of its own"
    if entry.point == "/dev/shm":
        return "shared memory of its ipc namespace"
    return {
        "proc": "the processes of its pid namespace",
        "sysfs": "devices and settings of the kernel",
        "devpts": "its own terminals",
        "mqueue": "message queues of its ipc namespace",
        "cgroup": "its control group",
        "cgroup2": "its control group",
        "tmpfs": "the place of the trees of its control group"
        if entry.point == "/sys/fs/cgroup"
        else "memory",
    }.get(entry.type, "as in every container")


def seen(entries: Iterable[MountEntry], host: list[MountEntry], record: Container) -> list[MountSeen]:
    """The container's mounts, told with the `host`'s, by their place; of several at one place the last holds."""
    recorded = {m.target.rstrip("/"): m.source for m in record.mounts if m.type != "tmpfs"}
    found = []
    for entry in sorted(entries, key=lambda entry: entry.point):
        kind, volume, words = origin(entry, record)
        source = recorded.get(entry.point, "")
        if not source and entry.type not in _BACKED:
            source = outside(entry, host) or ""
        if not source and entry.type.startswith("cgroup"):
            source = outside(entry, host) or ""
        options = list(dict.fromkeys([*entry.options, *_own(entry)]))
        found.append(
            MountSeen(
                entry.point,
                entry.type,
                source or entry.source,
                options,
                list(entry.propagation),
                kind,
                volume,
                words,
            )
        )
    return found


def _own(entry: MountEntry) -> list[str]:
    """Options of the file system that say something here: an overlay's are the layers, which are told elsewhere."""
    ours = [word for word in entry.filesystem_options if word not in ("rw", "ro")]
    return [] if entry.type == "overlay" else ours if entry.type in ("tmpfs", "devpts") else []


def mounts(subject: Subject) -> Mounts:
    entries = read_mounts(subject.pid)
    path = f"/proc/{subject.pid}/mountinfo"
    return Mounts([path, f"findmnt -N {subject.pid}"], seen(entries, read_mounts("self"), subject.record))


def recorded(subject: Subject) -> Mounts:
    """What is known of a container that does not run: the mounts that were asked for."""
    items = []
    for mount in subject.record.mounts:
        kind, volume, words = _asked(mount)
        options = ["ro" if mount.read_only else "rw"]
        propagation = [mount.propagation] if mount.propagation else []
        items.append(
            MountSeen(mount.target, mount.type, mount.source, options, propagation, kind, volume, words)
        )
    return Mounts(["hythe inspect"], items)
