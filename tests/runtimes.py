"""OCI runtimes by their command line, for tests that must hold of each: hythe-runtime, runc, crun.

A `Runtime` has a folder for its state and one for bundles of busybox, both below a temporary folder; what a test leaves
is deleted, and its control groups with it.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hythe.runtime.command import warm
from tests.system.runtime_harness import (
    DEVICE_RULES,
    MASKED,
    READ_ONLY,
    busybox_root,
    default_mounts,
    process,
    remove_groups,
)
from tests.targets import Result
from tests.waiting import PATIENCE

SCRIPT = Path(sys.executable).with_name("hythe-runtime")
PROGRAMS = {"hythe": str(SCRIPT), "runc": "runc", "crun": "crun"}
Message = dict[str, Any]


class Runtime:
    """`root` is --root."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.program = PROGRAMS[name]
        self.root = folder / "state"
        self.folder = folder
        self.instance = "hythe-test-" + secrets.token_hex(3)
        self.image = busybox_root(folder / "image")
        (self.image / "writer").write_text("#!/bin/sh\n")

    def command(self, *arguments: str | Path) -> list[str]:
        return [self.program, "--root", str(self.root), *map(str, arguments)]

    def __call__(
        self, *arguments: str | Path, stdin: bytes = b"", fds: tuple[int, ...] = (), timeout: float = 30
    ) -> Result:
        """Run one command to its end. Output goes to files: a container may hold it open for longer."""
        out, err = (self.folder / f"{secrets.token_hex(4)}.{name}" for name in ("out", "err"))
        with out.open("wb") as stdout, err.open("wb") as stderr:
            done = subprocess.run(
                self.command(*arguments),
                input=stdin,
                stdout=stdout,
                stderr=stderr,
                pass_fds=fds,
                timeout=timeout * PATIENCE,
            )
        return Result(done.returncode, out.read_text(errors="replace"), err.read_text(errors="replace"))

    def ok(self, *arguments: str | Path, **options: Any) -> str:
        """Its output; it must succeed."""
        done = self(*arguments, **options)
        assert done.code == 0, (arguments, done)
        return done.out

    def config(self, *args: str, **changes: Any) -> Message:
        id = secrets.token_hex(4)
        config: Message = {
            "ociVersion": "1.0.2",
            "process": process(list(args)),
            "root": {"path": str(self.image)},
            "hostname": "box",
            "mounts": default_mounts(),
            "linux": {
                "namespaces": [
                    {"type": kind} for kind in ("pid", "network", "mount", "ipc", "uts", "cgroup")
                ],
                "cgroupsPath": f"/{self.instance}/{id}",
                "resources": {"devices": DEVICE_RULES},
                "maskedPaths": MASKED,
                "readonlyPaths": READ_ONLY,
            },
        }
        for key, value in changes.items():
            if isinstance(config.get(key), dict):
                config[key].update(value)
            else:
                config[key] = value
        return config

    def bundle(self, *args: str, **changes: Any) -> Path:
        """A new bundle that runs `args`."""
        folder = self.folder / "bundles" / secrets.token_hex(4)
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps(self.config(*args, **changes)))
        return folder

    def running(self, *args: str, **changes: Any) -> str:
        """The id of a container that runs `args` (a long sleep) in the background."""
        id = "c" + secrets.token_hex(4)
        self.ok("run", "-d", "--bundle", self.bundle(*(args or ("sleep", "1000")), **changes), id)
        return id

    def created(self, *args: str, **changes: Any) -> str:
        id = "c" + secrets.token_hex(4)
        self.ok("create", "--bundle", self.bundle(*(args or ("sleep", "1000")), **changes), id)
        return id

    def state(self, id: str) -> Message:
        state: Message = json.loads(self.ok("state", id))
        return state

    def status(self, id: str) -> str:
        return str(self.state(id)["status"])

    def until(self, id: str, status: str) -> None:
        """Wait for a container's status; runtimes tell of it by no event."""
        deadline = time.monotonic() + 20 * PATIENCE
        while self.status(id) != status:
            assert time.monotonic() < deadline, (id, self.status(id), status)
            time.sleep(0.02)

    def ids(self) -> set[str]:
        """All that it has state of."""
        return {entry.name for entry in self.root.iterdir()} if self.root.exists() else set()

    def groups(self) -> list[Path]:
        """Groups of containers that are left."""
        tops = [
            *Path("/sys/fs/cgroup").glob(self.instance),
            *Path("/sys/fs/cgroup").glob(f"*/{self.instance}"),
        ]
        return [path for top in tops for path in top.iterdir() if path.is_dir()]

    def close(self) -> None:
        if self.root.exists():
            for entry in list(self.root.iterdir()):
                subprocess.run(
                    self.command("delete", "--force", entry.name), check=False, capture_output=True
                )
        remove_groups(self.instance)


@contextmanager
def started(name: str, folder: Path) -> Iterator[Runtime]:
    """A runtime; afterwards nothing is left of it on the machine."""
    assert shutil.which(PROGRAMS[name]), f"{name} is not installed"
    runtime = Runtime(name, folder)
    try:
        yield runtime
    finally:
        runtime.close()
        if name == "hythe" and os.geteuid() == 0:
            warm.remove(str(SCRIPT.parent))
