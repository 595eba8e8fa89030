"""hythe inside a container: containers in there have limits, and nobody else's processes are touched.

On control groups version 2 a group with processes cannot have groups with limits below it. A container's own top
is such a group, so a daemon that starts there first moves the container's processes into a group below
(`kernel/cgroups/v2.py`), as docker:dind and podman do. A group that is somebody else's as well is left alone.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

import pytest

from hythe.kernel.cgroups import Group, detect
from tests.targets import start_hythe

pytestmark = pytest.mark.root

JOIN = """import os, sys; from hythe.kernel.cgroups import detect
detect().group(sys.argv[1]).join(); os.execvp(sys.argv[2], sys.argv[2:])"""
OWN_GROUPS = ("unshare", "--cgroup", "--mount")
MOUNT = """[ ! -e /sys/fs/cgroup/cgroup.controllers ] || {
    umount /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup; }; exec "$@" """
OWN_PIDS = ("unshare", "--pid", "--fork", "--mount-proc")


@pytest.fixture
def group() -> Iterator[Group]:
    """A control group as somebody else's engine makes one for a container."""
    made = detect().group(f"/hythe-test-{token_hex(4)}/box")
    made.create()
    try:
        yield made
    finally:
        made.kill()
        made.remove()
        detect().group(made.path.rpartition("/")[0]).remove()


def within(group: Group) -> tuple[str, ...]:
    """What runs a program in `group`, which is the top of all that it sees of control groups."""
    return (sys.executable, "-c", JOIN, group.path, *OWN_GROUPS, "sh", "-c", MOUNT, "sh")


@contextmanager
def bystander(group: Group) -> Iterator[int]:
    """The pid of another process of the group."""
    with subprocess.Popen(["sleep", "1000"], preexec_fn=group.join) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def groups_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cgroup").read_text()


def test_a_container_in_a_container_has_its_limits(group: Group, tmp_path: Path) -> None:
    show = "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null; true"
    with start_hythe(tmp_path, within=(*OWN_PIDS, *within(group))) as inner:
        done = inner.docker("run", "--rm", "-m", "32m", "--pids-limit", "50", "busybox", "sh", "-c", show)
        assert (done.code, done.out) == (0, f"{32 << 20}\n"), done.err


def test_processes_of_others_in_the_same_group_stay_in_it(group: Group, tmp_path: Path) -> None:
    """A cgroup namespace alone is not a container: the machine's process 1 is outside of it."""
    with bystander(group) as pid:
        before = groups_of(pid)
        with start_hythe(tmp_path, within=within(group)) as inner:
            assert groups_of(pid) == before
            done = inner.docker("run", "--rm", "busybox", "echo", "well")
            assert (done.code, done.out) == (0, "well\n"), done.err
