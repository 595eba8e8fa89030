"""Named volumes: directories that outlive containers.

    ROOT/NAME/_data      the files, what a container mounts;  the record is in the database

A volume without a name of its own is *anonymous* and gets 64 hexadecimal characters. A new, empty volume takes over
what an image has at the place where it is mounted (`copy_up`). The options `type`, `device` and `o` of docker's
local driver make a volume of a directory elsewhere or of a file system, which `mount` hands to the runtime. Kept
out: who uses a volume (callers say), and mounting.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from hythe.base.ids import new_id, random_hex
from hythe.errors import Conflict, InvalidArgument, NotFound, from_os
from hythe.oci.spec import Mount
from hythe.store.archive.removal import remove_tree
from hythe.store.database import Database
from hythe.store.usage import bytes_used
from hythe.volume import copyup
from hythe.volume.options import Device, parse_options

_NAME: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
_NAME_LIMIT: Final = 255
_DRIVER: Final = "local"
_REMOVED: Final = ".removed-"
_UNFINISHED: Final = "copying"


class VolumeRecord(Struct, frozen=True):
    """`mountpoint` is the directory with the files; `created` in nanoseconds since the epoch."""

    name: str
    driver: str
    mountpoint: str
    created: int
    labels: dict[str, str]
    options: dict[str, str]
    anonymous: bool = False


class Volumes:
    """The volumes below `root`. Safe for several threads."""

    def __init__(self, root: Path, database: Database) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True, mode=0o711)
        self._records = database.collection("volumes", VolumeRecord)
        self._volumes = self._records.all()
        self._lock = threading.RLock()
        self._copying: dict[str, threading.Lock] = {}
        for leftover in root.glob(f"{_REMOVED}*"):
            remove_tree(leftover)

    # ---- looking --------------------------------------------------------------------------------

    def get(self, name: str) -> VolumeRecord:
        """Raises NotFound."""
        record = self._volumes.get(name)
        if record is None:
            raise NotFound(f"get {name}: no such volume")
        return record

    def list(self) -> Sequence[VolumeRecord]:
        """By name."""
        with self._lock:
            return sorted(self._volumes.values(), key=lambda record: record.name)

    def usage(self, name: str) -> int:
        """Bytes of the volume's own files; 0 for one that is made of something elsewhere."""
        return bytes_used(self._root / self.get(name).name / "_data")

    def mount(self, name: str) -> Mount:
        """How the runtime mounts the volume; the destination is the caller's."""
        record = self.get(name)
        device = parse_options(record.options)
        if device is None or device.is_bind:
            options = ["rbind", *(device.options if device is not None else ())]
            return {"type": "bind", "source": record.mountpoint, "options": options}
        return {"type": device.type, "source": device.device, "options": [*device.options]}

    # ---- making ---------------------------------------------------------------------------------

    def create(
        self,
        name: str | None = None,
        driver: str = _DRIVER,
        labels: Mapping[str, str] | None = None,
        options: Mapping[str, str] | None = None,
    ) -> VolumeRecord:
        """Make a volume, or give the one that has this name. Raises Conflict if that one is of another kind."""
        if (driver or _DRIVER) != _DRIVER:
            raise NotFound(
                f'error looking up volume plugin {driver}: plugin "{driver}" not found',
                hint='the only volume driver is "local"',
            )
        chosen = new_id() if not name else check_name(name)
        wanted = dict(options or {})
        device = parse_options(wanted)
        with self._lock:
            existing = self._volumes.get(chosen)
            if existing is not None:
                if wanted and wanted != existing.options:
                    raise Conflict(
                        f"volume {chosen} exists with other options",
                        hint="remove it first, or choose another name",
                    )
                return existing
            return self._make(chosen, not name, dict(labels or {}), wanted, device)

    def _make(
        self,
        name: str,
        anonymous: bool,
        labels: dict[str, str],
        options: dict[str, str],
        device: Device | None,
    ) -> VolumeRecord:
        data = self._root / name / "_data"
        try:
            data.parent.mkdir(exist_ok=True, mode=0o711)
            data.mkdir(exist_ok=True, mode=0o755)
        except OSError as error:
            raise from_os(error, f"create the volume {name}") from error
        mountpoint = device.device if device is not None and device.is_bind else str(data)
        record = VolumeRecord(name, _DRIVER, mountpoint, time.time_ns(), labels, options, anonymous)
        try:
            self._records.put(name, record)
        except BaseException:
            remove_tree(data.parent)
            raise
        self._volumes[name] = record
        return record

    def copy_up(self, name: str, layers: Sequence[Path], target: str) -> bool:
        """Fill an empty volume with what an image has at `target`; whether there was anything to do.

        `layers` are the image's layer directories, topmost first. The volume's own directory takes owner and mode
        after the image's. Owners, modes, times, attributes and hard links are kept. A copy that a crash cut short is
        done again by the next one.
        """
        record = self.get(name)
        device = parse_options(record.options)
        if device is not None and not device.is_bind:
            return False
        unfinished = self._root / name / _UNFINISHED
        with self._lock:
            lock = self._copying.setdefault(name, threading.Lock())
        with lock:
            try:
                if any(Path(record.mountpoint).iterdir()) and not unfinished.exists():
                    return False
                unfinished.touch()
                copied = copyup.from_layers(layers, target, Path(record.mountpoint))
                unfinished.unlink()
            except OSError as error:
                raise from_os(error, f"copy {target} of the image into the volume {name}") from error
        return copied

    # ---- removing -------------------------------------------------------------------------------

    def remove(
        self, name: str, force: bool = False, in_use: Callable[[str], Sequence[str]] | None = None
    ) -> None:
        """Remove a volume and its files; with `force` a missing one is no error.

        `in_use(name)` gives the ids of containers that have it: then Conflict, also with `force`.
        """
        try:
            self.get(name)
        except NotFound:
            if force:
                return
            raise
        users = in_use(name) if in_use is not None else ()
        if users:
            raise Conflict(f"remove {name}: volume is in use - [{', '.join(users)}]")
        doomed = self._root / f"{_REMOVED}{random_hex()}"
        with self._lock:
            try:
                (self._root / name).rename(doomed)
            except FileNotFoundError:
                pass
            self._records.delete(name)
            self._volumes.pop(name, None)
            self._copying.pop(name, None)
        try:
            remove_tree(doomed)
        except OSError as error:
            raise from_os(error, f"remove the volume {name}") from error

    def prune(
        self,
        in_use: Callable[[str], Sequence[str]],
        *,
        all: bool = False,
        accept: Callable[[VolumeRecord], bool] = lambda record: True,
    ) -> tuple[Sequence[str], int]:
        """Remove volumes that nothing uses, only anonymous ones unless `all`: (names, bytes freed)."""
        removed, freed = [], 0
        for record in self.list():
            if (all or record.anonymous) and accept(record) and not in_use(record.name):
                try:
                    size = self.usage(record.name)
                    self.remove(record.name, in_use=in_use)
                except (NotFound, Conflict):
                    continue
                removed.append(record.name)
                freed += size
        return removed, freed


def check_name(name: str) -> str:
    """`name`, if a volume can be called so. Raises InvalidArgument in docker's words."""
    if len(name) == 1:
        raise InvalidArgument(
            "volume name is too short, names should be at least two alphanumeric characters"
        )
    if not _NAME.fullmatch(name):
        raise InvalidArgument(
            f'create {name}: "{name}" includes invalid characters for a local volume name, only '
            '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed',
            hint="If you intended to pass a host directory, use absolute path",
        )
    if len(name) > _NAME_LIMIT:
        raise InvalidArgument(f"a volume's name cannot have more than {_NAME_LIMIT} characters")
    return name
