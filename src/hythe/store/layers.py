"""Layers of images as directories, each stored once: layers/HEX/, where HEX is of the chain id.

    diff/         the layer's files in overlay's form (whiteouts are character devices 0/0)
    layer.json    what it is: `LayerRecord`
    archive       the archive it came in, where only that has the exact bytes that the diff id names

A layer is unpacked into tmp/ and renamed to its name when it is whole: whoever sees a layer sees all of it, two who
unpack the same one meet at the name, and whatever a killed daemon left in tmp/ goes at the next start. A layer made
here, by a build or an import, needs no archive: its diff id is that of the deterministic one that its directory
packs to (`archive/pack.py`), made again whenever it is asked for.

New layers are *fresh* until `settle`: no image names them yet, and the garbage collector leaves them alone.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import msgspec
from msgspec import Struct

from hythe.base.files import write_atomic
from hythe.base.ids import random_hex
from hythe.errors import InvalidArgument, NotFound, SystemProblem, from_os
from hythe.kernel.owners import chown
from hythe.oci import digest as digests
from hythe.store.archive.compression import PLAIN, ZSTD, Readable, decompress
from hythe.store.archive.entry import DEFAULT_LIMITS, Limits
from hythe.store.archive.intake import Intake
from hythe.store.archive.pack import pack_layer
from hythe.store.archive.removal import remove_tree
from hythe.store.archive.writer import Sink, Writer

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_COPY: Final = 1 << 20


class Layer(Struct, frozen=True):
    """A layer as others know it. `size` is the bytes of its files' content."""

    chain_id: str
    diff_id: str
    size: int


class LayerRecord(Struct, frozen=True):
    """`parent` is a chain id. `tar_size` counts the plain archive. `archive` is how the kept one is compressed."""

    chain_id: str
    diff_id: str
    parent: str | None
    size: int
    tar_size: int
    archive: str | None = None

    @property
    def layer(self) -> Layer:
        return Layer(self.chain_id, self.diff_id, self.size)


class Staged(NamedTuple):
    """An archive that has been unpacked into `work`, a folder of the store's own, and is no layer yet."""

    work: Path
    diff_id: str
    size: int
    tar_size: int
    archive: str
    root_given: bool


class _Digesting:
    """Counts and hashes what is written, and passes it on if there is somewhere to."""

    def __init__(self, out: Sink | None = None) -> None:
        self._hash, self._out = hashlib.sha256(), out
        self.size = 0

    def write(self, data: bytes | memoryview) -> None:
        self._hash.update(data)
        self.size += len(data)
        if self._out is not None:
            self._out.write(data)

    @property
    def digest(self) -> str:
        return digests.PREFIX + self._hash.hexdigest()


class Layers:
    """The layers below `root`. `lock` holds off the garbage collector while something comes to need a layer."""

    def __init__(self, root: Path, limits: Limits = DEFAULT_LIMITS) -> None:
        self._root, self._tmp, self._limits = root / "layers", root / "tmp", limits
        self.lock = threading.RLock()
        self._known: dict[str, LayerRecord] = {}
        self._fresh: set[str] = set()
        for folder in (root, self._root, self._tmp):
            folder.mkdir(parents=True, exist_ok=True, mode=0o711)
        for leftover in self._tmp.iterdir():
            remove_tree(leftover)

    # ---- looking --------------------------------------------------------------------------------

    def get(self, chain: str) -> LayerRecord:
        """Raises NotFound."""
        record = self._known.get(chain)
        if record is None:
            try:
                body = (self._folder(chain) / "layer.json").read_bytes()
            except FileNotFoundError as error:
                raise NotFound(f"there is no layer {chain}") from error
            record = self._known[chain] = msgspec.json.decode(body, type=LayerRecord)
        return record

    def exists(self, chain: str) -> bool:
        return chain in self._known or self._folder(chain).is_dir()

    def all(self) -> list[str]:
        """The chain ids of all layers."""
        return [digests.PREFIX + entry.name for entry in self._root.iterdir()]

    def directory(self, chain: str) -> Path:
        """Where the layer's own files are."""
        return self._folder(chain) / "diff"

    def ancestry(self, chain: str | None) -> list[LayerRecord]:
        """The layer and those below it, topmost first. Raises NotFound if one is missing."""
        records = []
        while chain is not None:
            records.append(self.get(chain))
            chain = records[-1].parent
        return records

    def root_attributes(self, chain: str | None) -> tuple[int, int, int]:
        """(mode, uid, gid) of the root directory that the stack `chain` shows."""
        if chain is None:
            return 0o755, 0, 0
        status = self.directory(chain).stat()
        return stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid

    # ---- making ---------------------------------------------------------------------------------

    def apply(self, parent: str | None, diff: BinaryIO, diff_id: str | None = None) -> Layer:
        """Unpack an archive on top of `parent`, keeping its exact bytes as well. Nothing is left after an error.

        With a `diff_id` that is there already `diff` is not read; one that turns out wrong raises InvalidArgument.
        """
        if diff_id is not None and self.exists(chain := digests.chain_id(parent, diff_id)):
            return self.get(chain).layer
        return self.place(parent, self.stage(diff, diff_id))

    def stage(self, diff: Readable, diff_id: str | None = None, *, kept: Path | None = None) -> Staged:
        """Unpack an archive that is not on top of anything yet; to be given to `place` or `give_up`.

        `kept`: the file that `diff` reads, on the store's own disk; it is moved in, so that nothing is written twice.
        """
        work = self._tmp / random_hex()
        try:
            (work / "diff").mkdir(parents=True)
            if kept is not None:
                intake = Intake(diff, self._limits)
                size = self._unpack(intake, work)
                kept.rename(work / "archive")
                archive = intake.compression
            else:
                with (work / "archive").open("xb") as copy:
                    intake = Intake(diff, self._limits, kept=copy)
                    size = self._unpack(intake, work)
                archive = ZSTD if intake.compression == PLAIN else intake.compression
            if diff_id is not None and intake.digest != diff_id:
                raise InvalidArgument(f"the layer's content has the digest {intake.digest}, not {diff_id}")
            intake.check_end(trusted=diff_id is not None)
        except BaseException as error:
            remove_tree(work)
            if isinstance(error, OSError):
                raise from_os(error, "make a layer") from error
            raise
        return Staged(work, intake.digest, size, intake.size, archive, intake.root_given)

    def place(self, parent: str | None, staged: Staged) -> Layer:
        """Make it a layer on top of `parent`, whose root directory it shows unless it has one of its own."""
        try:
            if not staged.root_given:
                self._like_parent(staged.work / "diff", parent)
            return self._finish(
                staged.work, parent, staged.diff_id, staged.size, staged.tar_size, staged.archive
            )
        except FileNotFoundError as error:
            raise NotFound(f"there is no layer {parent}") from error
        except OSError as error:
            raise from_os(error, "make a layer") from error
        finally:
            self.give_up(staged)

    def give_up(self, staged: Staged) -> None:
        """Remove what was not placed; what was is no more there to be removed."""
        remove_tree(staged.work)

    def unpack(self, tar: BinaryIO, parent: str | None = None) -> Layer:
        """A new layer of the files in an archive; their diff id is that of the directory, as for `adopt`."""
        with self._workplace(parent) as work:
            intake = Intake(tar, self._limits)
            self._unpack(intake, work)
            intake.check_end(trusted=False)
            return self._adopt(work, parent, work / "diff")

    def adopt(self, parent: str | None, directory: Path) -> Layer:
        """Make a writable directory a layer on top of `parent`: hash its archive, rename it."""
        with self._workplace(parent) as work:
            (work / "diff").rmdir()
            return self._adopt(work, parent, directory)

    def write(self, chain: str, out: Sink) -> None:
        """Write the layer's archive, byte for byte what its diff id names. Raises SystemProblem if it is damaged."""
        record = self.get(chain)
        digesting = _Digesting(out)
        if record.archive is None:
            self._pack(self.directory(chain), record.parent, digesting)
        else:
            with (self._folder(chain) / "archive").open("rb", buffering=0) as kept:
                plain = decompress(record.archive, kept)
                while data := plain.read(_COPY):
                    digesting.write(data)
        if digesting.digest != record.diff_id:
            raise SystemProblem(
                f"the layer {record.diff_id} has been changed on disk, it is {digesting.digest} now"
            )

    def archive(self, chain: str) -> tuple[str, Path] | None:
        """(how it is compressed, the file) of the archive that a layer came in, if that was kept."""
        record = self.get(chain)
        return None if record.archive is None else (record.archive, self._folder(chain) / "archive")

    # ---- letting go -----------------------------------------------------------------------------

    def settle(self, chains: Iterable[str]) -> None:
        """Something that the collector knows of now holds these layers."""
        with self.lock:
            self._fresh.difference_update(chains)

    def fresh(self) -> set[str]:
        with self.lock:
            return set(self._fresh)

    def take(self, chains: Iterable[str]) -> list[Path]:
        """Move layers, each after those on top of it, out of sight; `drop` then gives their space back."""
        doomed = []
        with self.lock:
            for chain in chains:
                self._known.pop(chain, None)
                self._fresh.discard(chain)
                doomed.append(self._tmp / random_hex())
                with suppress(FileNotFoundError):
                    self._folder(chain).rename(doomed[-1])
        return doomed

    def drop(self, paths: Iterable[Path]) -> None:
        """Remove what `take` moved; the lock need not be held."""
        for path in paths:
            remove_tree(path)

    def discard(self, path: Path) -> None:
        """Remove any directory of this store such that it is either there or gone."""
        doomed = self._tmp / random_hex()
        try:
            path.rename(doomed)
        except FileNotFoundError:
            return
        remove_tree(doomed)

    # ---- how ------------------------------------------------------------------------------------

    def _folder(self, chain: str) -> Path:
        return self._root / digests.hexadecimal(chain)

    @contextmanager
    def _workplace(self, parent: str | None) -> Iterator[Path]:
        """A directory in tmp/ with an empty "diff" that has the parent's root attributes; gone at the end."""
        work = self._tmp / random_hex()
        try:
            (work / "diff").mkdir(parents=True)
            self._like_parent(work / "diff", parent)
            yield work
        except FileNotFoundError as error:
            if parent is not None and not self.exists(parent):
                raise NotFound(f"there is no layer {parent}") from error
            raise from_os(error, "make a layer") from error
        except OSError as error:
            raise from_os(error, "make a layer") from error
        finally:
            remove_tree(work)

    def _like_parent(self, directory: Path, parent: str | None) -> None:
        mode, uid, gid = self.root_attributes(parent)
        chown(directory, uid, gid)
        directory.chmod(mode)

    def _unpack(self, intake: Intake, work: Path) -> int:
        descriptor = os.open(work / "diff", _DIRECTORY)
        try:
            return intake.unpack(descriptor)
        finally:
            os.close(descriptor)

    def _adopt(self, work: Path, parent: str | None, directory: Path) -> Layer:
        digesting = _Digesting()
        size = self._pack(directory, parent, digesting)
        if directory != work / "diff":
            directory.rename(work / "diff")
        return self._finish(work, parent, digesting.digest, size, digesting.size, None)

    def _pack(self, directory: Path, parent: str | None, out: _Digesting) -> int:
        """Pack a layer's directory; the root itself goes in only where it differs from the parent's."""
        descriptor = os.open(directory, _DIRECTORY)
        try:
            status = os.fstat(descriptor)
            own = (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)
            return pack_layer(descriptor, Writer(out), with_root=own != self.root_attributes(parent))
        finally:
            os.close(descriptor)

    def _finish(
        self, work: Path, parent: str | None, diff_id: str, size: int, tar_size: int, archive: str | None
    ) -> Layer:
        """Give the finished directory its name, unless somebody else was quicker."""
        chain = digests.chain_id(parent, diff_id)
        record = LayerRecord(chain, diff_id, parent, size, tar_size, archive)
        write_atomic(work / "layer.json", msgspec.json.encode(record), durable=False)
        with self.lock:
            if parent is not None and not self.exists(parent):
                raise NotFound(f"there is no layer {parent}")
            try:
                work.rename(self._folder(chain))
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                return self.get(chain).layer
            self._known[chain] = record
            self._fresh.add(chain)
        return record.layer
