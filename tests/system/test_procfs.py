"""A process in a user namespace of its own, as the readers of /proc see it from outside."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hythe.kernel.mountinfo import read_mounts
from hythe.kernel.procfs import (
    IdRange,
    id_inside,
    read_command,
    read_id_map,
    read_label,
    read_memberships,
    read_namespaces,
    read_status,
)

pytestmark = pytest.mark.root

CHILD = """
import os, sys
from hythe.kernel.namespaces import CLONE_NEWUSER, unshare
unshare(CLONE_NEWUSER)
print("apart", flush=True)
sys.stdin.readline()
os.setresgid(8, 8, 8)
os.setresuid(7, 7, 7)
print("there", flush=True)
sys.stdin.readline()
"""


@contextmanager
def apart() -> Iterator[int]:
    """The pid of a process that is user 7 and group 8 where 0 is 100000 here."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == "apart\n"
        for kind in ("uid", "gid"):
            Path(f"/proc/{child.pid}/{kind}_map").write_text("0 100000 65536")
        child.stdin.write("\n")
        child.stdin.flush()
        assert child.stdout.readline() == "there\n"
        yield child.pid
    finally:
        child.stdin.close()
        child.stdout.close()
        child.wait()


def test_a_user_inside_is_another_one_here() -> None:
    with apart() as pid:
        status, ranges = read_status(pid), read_id_map(pid, "uid")
        assert (status.uid, status.gid) == (100007, 100008)
        assert ranges == read_id_map(pid, "gid") == [IdRange(0, 100000, 65536)]
        assert id_inside(ranges, status.uid) == 7
        assert status.pids == (pid,)
        own, here = read_namespaces(pid), read_namespaces("self")
        assert {kind for kind in own if own[kind] != here[kind]} == {"user"}
        assert read_command(pid) == [sys.executable, "-c", CHILD]
        assert [entry.point for entry in read_mounts(pid)] == [entry.point for entry in read_mounts("self")]
        assert read_memberships(pid)


def test_a_process_that_has_ended() -> None:
    with apart() as pid:
        pass
    for read in (read_status, read_namespaces, read_memberships, read_command, read_mounts):
        with pytest.raises((FileNotFoundError, ProcessLookupError)):
            read(pid)
    with pytest.raises((FileNotFoundError, ProcessLookupError)):
        read_label(pid, "")
