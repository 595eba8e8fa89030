"""Writable trees on top of layers, as overlay mounts that somebody else mounts.

    containers/KEY/upper    what is written;  work  overlay's own
    containers/KEY/parent   a link whose target is the chain id below, or "scratch"

Preparing one is three mkdir(2) and a symlink(2): no layer is touched, however many there are. `commit` turns the
upper directory into a layer by renaming it. A snapshot stays until `remove`, over restarts; `sweep` removes those
that nobody knows of any more, after a crash. Kept out: mounting, and which image a chain belongs to.
"""

from __future__ import annotations

import os
import re
import stat
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, Final

from hythe.errors import Conflict, InvalidArgument, NotFound, from_os
from hythe.kernel.owners import chown
from hythe.oci.spec import Mount
from hythe.store.archive.entry import DEFAULT_LIMITS, Limits
from hythe.store.archive.pack import pack_layer
from hythe.store.archive.writer import Writer
from hythe.store.changes import Change, changes
from hythe.store.layers import Layer, Layers
from hythe.store.usage import bytes_used

__all__ = ["Change", "Layer", "Snapshots"]

_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_SCRATCH: Final = "scratch"
_OPTIONS: Final = ("redirect_dir=off", "metacopy=off", "index=off")
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Snapshots:
    """Layers and writable trees below `root`, by chain id and by key. Safe for several threads."""

    def __init__(self, root: Path, limits: Limits = DEFAULT_LIMITS) -> None:
        self.layers = Layers(root, limits)
        self._containers, self._empty = root / "containers", root / "empty"
        self._containers.mkdir(exist_ok=True, mode=0o711)
        self._empty.mkdir(exist_ok=True)

    # ---- layers ---------------------------------------------------------------------------------

    def apply(self, parent: str | None, diff: BinaryIO, diff_id: str | None = None) -> Layer:
        """Unpack an archive, compressed or not, on top of `parent`. What is there already is not unpacked again."""
        return self.layers.apply(parent, diff, diff_id)

    def exists(self, chain: str) -> bool:
        """Whether there is such a layer."""
        return self.layers.exists(chain)

    def view(self, chain: str | None) -> list[Mount]:
        """The stack `chain` (None: nothing at all), not to be written."""
        return [self._overlay(self._lowers(chain))]

    # ---- writable trees -------------------------------------------------------------------------

    def prepare(self, key: str, parent: str | None) -> list[Mount]:
        """Make a writable tree on top of `parent`. Raises Conflict if there is one called `key`."""
        if not _KEY.fullmatch(key):
            raise InvalidArgument(f"not a snapshot's key: {key!r}")
        with self.layers.lock:
            if parent is not None and not self.layers.exists(parent):
                raise NotFound(f"there is no layer {parent}")
            folder = self._containers / key
            try:
                self._make(folder, parent)
            except FileExistsError as error:
                raise Conflict(f"there is a snapshot {key} already") from error
            except OSError as error:
                self.remove(key)
                raise from_os(error, f"prepare {key}") from error
        return [self._overlay(self._lowers(parent), folder)]

    def _make(self, folder: Path, parent: str | None) -> None:
        """The root directory of the upper layer hides that of the layers below: it must be like it."""
        mode, uid, gid = self.layers.root_attributes(parent)
        folder.mkdir(0o710)
        (folder / "parent").symlink_to(parent or _SCRATCH)
        (folder / "work").mkdir(0o700)
        upper = folder / "upper"
        upper.mkdir()
        chown(upper, uid, gid)
        upper.chmod(mode)

    def mounts(self, key: str) -> list[Mount]:
        """The same as `prepare` gave. Raises NotFound."""
        return [self._overlay(self._lowers(self.parent(key)), self._containers / key)]

    def parent(self, key: str) -> str | None:
        """The chain id that the tree is on top of; None: nothing. Raises NotFound."""
        try:
            target = str((self._containers / key / "parent").readlink())
        except OSError as error:
            raise NotFound(f"there is no snapshot {key}") from error
        return None if target == _SCRATCH else target

    def paths(self, key: str) -> tuple[Path, list[Path]]:
        """(the upper directory, the layers' directories topmost first). Raises NotFound."""
        return self._containers / key / "upper", self._lowers(self.parent(key))

    def keys(self) -> list[str]:
        return [entry.name for entry in self._containers.iterdir()]

    def remove(self, key: str) -> None:
        """Remove a tree; removing what is not there is no error."""
        if _KEY.fullmatch(key):
            self.layers.discard(self._containers / key)

    def sweep(self, known: Iterable[str]) -> None:
        """Remove all trees but those `known`; to be called when nobody is making any."""
        for key in set(self.keys()) - set(known):
            self.remove(key)

    def usage(self, key: str) -> int:
        """Bytes of what was written, each file once."""
        return bytes_used(self._containers / key / "upper")

    def changes(self, key: str) -> list[Change]:
        """(path, 0 modified | 1 added | 2 deleted) of what was written, in the order of paths."""
        upper, lowers = self.paths(key)
        return changes(upper, lowers)

    def diff(self, key: str, writer: BinaryIO) -> int:
        """Write what was written as a layer's archive; the bytes of file content."""
        upper, _ = self.paths(key)
        descriptor = os.open(upper, _DIRECTORY)
        try:
            status = os.fstat(descriptor)
            own = (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)
            with_root = own != self.layers.root_attributes(self.parent(key))
            return pack_layer(descriptor, Writer(writer), with_root=with_root)
        except OSError as error:
            raise from_os(error, f"read {key}") from error
        finally:
            os.close(descriptor)

    def commit(self, key: str, *, keep: bool = False) -> Layer:
        """What was written becomes a layer on top of the tree's parent, and the tree is gone.

        `keep`: the tree stays as it is, and the layer is a copy.
        """
        parent = self.parent(key)
        if keep:
            return self._copy(key, parent)
        layer = self.layers.adopt(parent, self._containers / key / "upper")
        self.remove(key)
        return layer

    def _copy(self, key: str, parent: str | None) -> Layer:
        """Through a second tree, that takes in the first one's archive."""
        reading, writing = os.pipe()
        failures: list[Exception] = []

        def pack() -> None:
            with open(writing, "wb", buffering=1 << 20) as out:
                try:
                    self.diff(key, out)
                except Exception as error:  # noqa: BLE001  handed over to the thread that waits
                    failures.append(error)

        with open(reading, "rb", buffering=0) as source:
            packer = threading.Thread(target=pack, name=f"commit-{key[:12]}")
            packer.start()
            try:
                layer = self.layers.unpack(source, parent)
            finally:
                source.close()
                packer.join()
                for failure in failures:
                    if not isinstance(failure, BrokenPipeError):
                        raise failure
        return layer

    # ---- how ------------------------------------------------------------------------------------

    def _lowers(self, chain: str | None) -> list[Path]:
        stack = [self.layers.directory(record.chain_id) for record in self.layers.ancestry(chain)]
        return stack or [self._empty]

    def _overlay(self, lowers: list[Path], writable: Path | None = None) -> Mount:
        """Overlay wants two directories at least. Its features that change what an upper directory means are off."""
        if writable is None and len(lowers) == 1:
            lowers = [*lowers, self._empty]
        options = [f"lowerdir+={path}" for path in lowers]
        if writable is not None:
            options += [f"upperdir={writable}/upper", f"workdir={writable}/work", *_OPTIONS]
        return {"destination": "/", "type": "overlay", "source": "overlay", "options": options}
