"""The files of a container that does not run, with its volumes and binds where it would see them.

Nothing is mounted where others could see it: a thread that ends with the work has a mount namespace of its own, and
what is mounted there goes with it. Each mount's place is resolved by openat2(2) inside of the container's root, and
made where it is missing, as a start would make it.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from hythe.build.tree import Tree
from hythe.engine.model import MountPoint
from hythe.errors import SystemProblem
from hythe.kernel import mounts
from hythe.kernel.namespaces import CLONE_NEWNS, unshare

T = TypeVar("T")


def in_own_namespace(work: Callable[[], T]) -> T:
    """Do `work` in a thread with a mount namespace of its own, and wait for it; its errors are raised here."""
    answer: Future[T] = Future()

    def run() -> None:
        try:
            unshare(CLONE_NEWNS)
            mounts.make_private("/")
            answer.set_result(work())
        except BaseException as error:  # noqa: BLE001  # it is raised again where the answer is asked for
            answer.set_exception(error)

    thread = threading.Thread(target=run, name="mounted")
    thread.start()
    thread.join()
    return answer.result()


def shown(points: Sequence[MountPoint]) -> list[MountPoint]:
    """Those that have files of the host's, outer ones before what is in them."""
    found = [point for point in points if point.type in ("volume", "bind")]
    return sorted(found, key=lambda point: point.target.rstrip("/").count("/"))


def add(tree: Tree, points: Sequence[MountPoint], place: Path) -> None:
    """Mount `points` into `tree`, in a namespace of the calling thread's; `place` is any directory.

    Raises SystemProblem for what cannot be mounted.
    """
    with ExitStack() as stack:
        try:
            # All of them before anything covers a place that one of them is at.
            sources = [(point.target, _source(point, stack)) for point in points]
            target = os.open(place, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            stack.callback(os.close, target)
            mounts.attach(tree.descriptor, target)
            for path, source in sources:
                _mount(tree, path, source)
        except OSError as error:
            raise SystemProblem(f"cannot mount the container's volumes: {error}") from error


def _source(point: MountPoint, stack: ExitStack) -> int:
    source = mounts.clone(point.source, recursive=point.type == "bind", read_only=point.read_only)
    stack.callback(os.close, source)
    return source


def _mount(tree: Tree, path: str, source: int) -> None:
    if tree.status(path) is None:
        _make_place(tree, path, directory=stat.S_ISDIR(os.fstat(source).st_mode))
    target = tree.locate(path)
    try:
        mounts.attach(source, target, name=path)
    finally:
        os.close(target)


def _make_place(tree: Tree, path: str, *, directory: bool) -> None:
    if directory:
        tree.make_directory(path)
        return
    folder, _, name = path.rstrip("/").rpartition("/")
    tree.make_directory(folder)
    parent = tree.directory(folder)
    try:
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644, dir_fd=parent))
    finally:
        os.close(parent)
