"""Files of containers from outside: `cp` both ways, `export`, and what `commit` makes an image of.

A running container is reached through /proc/PID/root, so its volumes are seen as it sees them; one that does not
run through a mount of its layers, for `cp` with its volumes in it (`mounted`). Every path is resolved by openat2(2)
below the root and pinned by its descriptor: no link of the container leads to the host (CVE-2018-15664), and nothing
of the container is run or loaded (CVE-2019-14271).

In a running container with a user namespace of its own, owners are other numbers on the host: they are translated
on the way in and out (`owners`).
"""

from __future__ import annotations

import asyncio
import errno
import os
import posixpath
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, TypeVar

from hythe.build.rootfs import open_tree
from hythe.build.tree import Tree
from hythe.engine.containers import mounted
from hythe.engine.containers.handle import Handle
from hythe.engine.containers.owners import reader_of, writer_of
from hythe.engine.containers.parts import Parts
from hythe.engine.model import MountPoint
from hythe.engine.usernamespaces import UserNamespace
from hythe.errors import InvalidArgument, NotFound
from hythe.kernel.usernamespaces import Mapping, files_made_by_root
from hythe.store.archive.pack import Packer, pack_tree
from hythe.store.archive.unpack import unpack

T = TypeVar("T")


@dataclass(frozen=True)
class PathStat:
    """`mode` is st_mode, `mtime` in nanoseconds; `link_target` is "" for what is no link."""

    name: str
    size: int
    mode: int
    mtime: int
    link_target: str


@contextmanager
def _missing_is_not_found(path: str, container: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            raise NotFound(f"Could not find the file {path} in container {container}") from error
        raise


class ContainerFiles:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @contextmanager
    def _opened(self, handle: Handle) -> Iterator[tuple[Tree, Mapping | None]]:
        """The container's files, and what its user namespace maps (None: nothing)."""
        root = handle.record.state.root_id if handle.running else 0
        mapping = UserNamespace(root).mapping() if root else None
        with self._tree(handle) as tree, files_made_by_root(mapping) if mapping else nullcontext():
            yield tree, mapping

    def _tree(self, handle: Handle) -> Tree:
        if handle.running:
            return Tree(
                os.open(f"/proc/{handle.record.state.pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            )
        return open_tree(self._parts.images.snapshots.mounts(handle.record.snapshot))

    async def _in_tree(
        self, ref: str, path: str, work: Callable[[Tree, Mapping | None], T], *, volumes: bool = True
    ) -> T:
        """Do something with the container's files in a thread, while it can neither start nor be removed."""
        handle = self._parts.registry.find(ref)

        def run(points: Sequence[MountPoint] = ()) -> T:
            with _missing_is_not_found(path, ref), self._opened(handle) as (tree, mapping):
                if points:
                    mounted.add(tree, points, self._parts.paths.data)
                return work(tree, mapping)

        def run_with_volumes() -> T:
            points = mounted.shown(handle.record.mounts) if volumes and not handle.running else []
            return mounted.in_own_namespace(partial(run, points)) if points else run()

        async with handle.lock:
            return await asyncio.to_thread(run_with_volumes)

    async def archive_stat(self, ref: str, path: str) -> PathStat:
        return await self._in_tree(ref, path, lambda tree, _: _stat(tree, path))

    async def archive_get(self, ref: str, path: str, out: BinaryIO) -> None:
        """A tar of one file or directory, named by its last part ("." stands for what is in it)."""

        def pack(tree: Tree, mapping: Mapping | None) -> None:
            folder, name = _split(path)
            parent = tree.directory(folder)
            try:
                writer = writer_of(out, mapping)
                if name:
                    Packer(writer).one(parent, name, name)
                else:
                    Packer(writer).below(parent, "./")
                writer.close()
            finally:
                os.close(parent)

        await self._in_tree(ref, path, pack)

    async def archive_put(
        self, ref: str, path: str, tar: BinaryIO, *, keep_directories: bool, keep_owners: bool
    ) -> None:
        """Unpack an archive into the directory `path`, which must be there. Owners are always the archive's."""

        def put(tree: Tree, mapping: Mapping | None) -> None:
            try:
                place = tree.directory(path)
            except NotADirectoryError as error:
                raise InvalidArgument(f"extraction point is not a directory: {path}") from error
            try:
                unpack(reader_of(tar, mapping), place)
            finally:
                os.close(place)

        await self._in_tree(ref, path, put)

    async def export(self, ref: str, out: BinaryIO) -> None:
        """The whole root file system as a tar, without what is mounted into it."""

        def pack(tree: Tree, mapping: Mapping | None) -> None:
            place = tree.directory("/")
            try:
                pack_tree(place, writer_of(out, mapping))
            finally:
                os.close(place)

        await self._in_tree(ref, "/", pack, volumes=False)


def _split(path: str) -> tuple[str, str]:
    """(folder, name) of an absolute or root-relative path; the name is "" for the root and for ".../."."""
    if path.endswith("/."):
        return path[:-2] or "/", ""
    clean = posixpath.normpath("/" + path.lstrip("/"))
    folder, _, name = clean.rpartition("/")
    return folder or "/", name


def _stat(tree: Tree, path: str) -> PathStat:
    folder, name = _split(path)
    parent = tree.directory(folder)
    try:
        status = os.lstat(name, dir_fd=parent) if name else os.fstat(parent)
        link = os.readlink(name, dir_fd=parent) if stat.S_ISLNK(status.st_mode) else ""
    finally:
        os.close(parent)
    shown = name or posixpath.basename(folder) or "/"
    return PathStat(shown, status.st_size, status.st_mode, status.st_mtime_ns, link)
