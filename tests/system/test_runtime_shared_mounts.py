"""Containers in a mount namespace that others are in. Not a test of runc's, which leaves its mounts there."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runtimes import Runtime, started

pytestmark = pytest.mark.root


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    with started("hythe", tmp_path) as found:
        yield found


def new() -> str:
    return "c" + secrets.token_hex(4)


def test_without_a_mount_namespace_nothing_is_mounted_for_others(runtime: Runtime) -> None:
    """The container inherits the runtime's (config-linux.md, Namespaces)."""
    kinds = [{"type": kind} for kind in ("pid", "network", "ipc", "uts")]
    id = new()
    runtime.ok("create", "-b", runtime.bundle("sleep", "1000", linux={"namespaces": kinds}), id)
    try:
        pid = runtime.state(id)["pid"]
        assert Path(f"/proc/{pid}/ns/mnt").readlink() == Path("/proc/self/ns/mnt").readlink()
        assert str(runtime.folder) not in Path("/proc/self/mountinfo").read_text()
        assert runtime.ok("start", id) == ""
        script = (
            "cat /etc/passwd /proc/1/comm; ls /dev/pts/ptmx; echo 1 > /proc/sys/vm/swappiness || echo refused"
        )
        inside = runtime.ok("exec", id, "sh", "-c", script).splitlines()
        assert inside == ["root:x:0:0::/root:/bin/sh", "sleep", "/dev/pts/ptmx", "refused"]
    finally:
        runtime.ok("delete", "--force", id)


def test_a_mount_namespace_is_joined_by_its_path(runtime: Runtime) -> None:
    holder = subprocess.Popen(["unshare", "-m", "sh", "-c", "echo; exec sleep 1000"], stdout=subprocess.PIPE)
    id = new()
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        path = f"/proc/{holder.pid}/ns/mnt"
        config = runtime.config("sleep", "1000")
        for entry in config["linux"]["namespaces"]:
            if entry["type"] == "mount":
                entry["path"] = path
        runtime.ok("create", "-b", runtime.bundle("sleep", "1000", linux=config["linux"]), id)
        pid = runtime.state(id)["pid"]
        assert Path(f"/proc/{pid}/ns/mnt").readlink() == Path(path).readlink()
        assert (Path(f"/proc/{pid}/root") / "bin/busybox").samefile(runtime.image / "bin/busybox")
        runtime.ok("start", id)
    finally:
        runtime("delete", "--force", id)
        holder.kill()
        holder.wait()
