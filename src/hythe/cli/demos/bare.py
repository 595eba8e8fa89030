"""The stand-in for a machine without hythe: see `places`."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path

from hythe.cli.demos.places import DISK, MEMORY, PROCESSES, End, Limits, Program
from hythe.errors import SystemProblem
from hythe.kernel import mounts, namespaces
from hythe.kernel.cgroups import Group, detect


class Bare:
    """Programs are plain processes. Takes root, and busybox on the path. Raises SystemProblem."""

    device = ""

    def __init__(self) -> None:
        found = shutil.which("busybox")
        if found is None:
            raise SystemProblem("busybox is not installed", hint="apt-get install busybox-static")
        self._busybox = found
        self._running: list[Bare._Process] = []
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="hythe-demo-"))
            self.bulk = stack.enter_context(tempfile.TemporaryDirectory(prefix="hythe-demo-", dir="/var/tmp"))
            self._group = _group()
            stack.callback(self._group.remove)
            _own_disk(folder)
            self.data = folder
            stack.callback(mounts.unmount, folder)
            self._undo = stack.pop_all()

    def start(self, name: str, script: str, limits: Limits) -> Program:
        process = Bare._Process(self._busybox, script, self._group, self.data)
        self._running.append(process)
        return process

    def close(self) -> None:
        self._group.kill()
        for process in self._running:
            process.stop()
        self._undo.close()

    class _Process:
        def __init__(self, busybox: str, script: str, group: Group, folder: str) -> None:
            self._out = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
            self._process = subprocess.Popen(
                [busybox, "sh", "-c", script], cwd=folder, stdin=subprocess.DEVNULL,
                stdout=self._out, stderr=subprocess.DEVNULL, preexec_fn=group.join, start_new_session=True,
            )  # fmt: skip

        def ended(self) -> End | None:
            code = self._process.poll()
            return None if code is None else End(code if code >= 0 else 128 - code, False)

        def stop(self) -> None:
            self._process.terminate()
            try:
                self._process.wait(2)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

        def output(self) -> str:
            return os.pread(self._out.fileno(), 1 << 20, 0).decode(errors="replace")


def _group() -> Group:
    """One control group for all."""
    group = detect().group(f"/hythe-demo-{os.getpid()}", {"memory": {"limit": MEMORY}})
    group.create()
    group.limit({"memory": {"limit": MEMORY, "swap": MEMORY}, "pids": {"limit": PROCESSES}})
    return group


def _own_disk(folder: str) -> None:
    """A small disk at `folder`, in a mount namespace of this process's own."""
    namespaces.unshare(namespaces.CLONE_NEWNS)
    mounts.make_private("/")
    disk = mounts.filesystem("tmpfs", (("source", "disk"), ("size", str(DISK))))
    place = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    mounts.attach(disk, place, name=folder)
    os.close(place)
    os.close(disk)
    Path(folder, "tmp").mkdir()
