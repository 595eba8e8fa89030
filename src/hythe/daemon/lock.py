"""One daemon for each data root and each exec root.

The lock is flock(2) on a file that holds the pid of its owner: the kernel lets go of it however the owner
ends, so a stale file is no obstacle. The file stays: if it were removed, two daemons could lock two files of
one name.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from hythe.errors import Conflict, SystemProblem


class DirectoryLock:
    """Holds `folder` for this process from `acquire` until `release` or the process's end."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "daemon.lock"
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Raises Conflict that names the owner's pid, SystemProblem if the directory cannot be used."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o711)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise SystemProblem(
                f"cannot use {self._path.parent}: {error.strerror}", hint="run as root, or give other roots"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise Conflict(
                f"another daemon, pid {owner}, uses {self._path.parent}",
                hint="stop it, or give --data-root and --exec-root",
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> DirectoryLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
