"""A data-root with no space left: one clear error for each thing asked for, running containers run on, and after
space is freed everything works again (ANCHORS, "power").

The data-root is a small tmpfs, filled by a file beside the engine's own.
"""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.targets import Result, Target, start_hythe
from tests.waiting import wait_until

pytestmark = pytest.mark.root

SIZE = "48m"
CHATTER = "i=0; while :; do i=$((i+1)); echo line $i; [ $((i % 500)) = 0 ] && sleep 0.02; done"


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Target]:
    """A hythe daemon with a data-root of 48 MB."""
    data = tmp_path / "data"
    data.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=711", "small", str(data)], check=True)
    try:
        with start_hythe(tmp_path) as running:
            yield running
    finally:
        subprocess.run(["umount", str(data)], check=True)


@contextmanager
def full(daemon: Target) -> Iterator[None]:
    """Within: not a byte is left on the data-root. After: there is space again."""
    filler = daemon.root / "data" / "filler"
    try:
        with filler.open("wb", buffering=0) as file:
            for size in (1 << 20, 4096):
                fill(file.fileno(), b"x" * size)
        yield
    finally:
        filler.unlink(missing_ok=True)


def fill(fd: int, piece: bytes) -> None:
    while True:
        try:
            os.write(fd, piece)
        except OSError as error:
            assert error.errno == errno.ENOSPC
            return


def refused(done: Result) -> bool:
    """One error, which says what is lacking."""
    assert done.code != 0, done
    assert "no space left" in done.err.lower(), done.err
    assert "Traceback" not in done.err
    return True


def names(daemon: Target, *command: str) -> str:
    return daemon.docker(*command, "--format", "{{.Name}}" if command[0] != "ps" else "{{.Names}}").out


def test_nothing_half_made_is_left_of_what_is_created(daemon: Target) -> None:
    things = [
        (["create", "--name", "thing", "busybox"], ["ps", "-a"]),
        (["volume", "create", "thing"], ["volume", "ls"]),
        (["network", "create", "thing"], ["network", "ls"]),
    ]
    for create, listing in things:
        before = names(daemon, *listing)
        with full(daemon):
            assert refused(daemon.docker(*create))
            assert names(daemon, *listing) == before
        assert daemon.docker(*create).code == 0, create
    assert daemon.docker("network", "rm", "thing").code == 0


def test_a_container_that_cannot_start_says_so_and_starts_later(daemon: Target) -> None:
    daemon.docker("create", "--name", "late", "busybox", "echo", "started")
    with full(daemon):
        assert refused(daemon.docker("start", "-a", "late"))
        assert daemon.docker("ps", "-q").out == ""
    done = daemon.docker("start", "-a", "late")
    assert (done.code, done.out) == (0, "started\n")


@pytest.mark.parametrize("step", ["COPY big /big", "RUN dd if=/dev/zero of=/big bs=1M count=60"])
def test_a_build_fails_with_the_reason_and_leaves_no_image(daemon: Target, tmp_path: Path, step: str) -> None:
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(f"FROM busybox\n{step}\n")
    with (context / "big").open("wb") as big:
        big.truncate(60 << 20)
    used = os.statvfs(daemon.root / "data").f_bfree
    done = daemon.docker("build", "-t", "big", str(context))
    assert done.code != 0
    assert "no space left" in (done.out + done.err).lower(), done.out + done.err
    assert daemon.docker("image", "inspect", "big").code == 1
    wait_until(lambda: used - os.statvfs(daemon.root / "data").f_bfree < 1000, 10, "blocks given back")
    (context / "Dockerfile").write_text("FROM busybox\nRUN echo small > /small\n")
    (context / "big").unlink()
    assert daemon.docker("build", "-t", "small", str(context)).code == 0
    assert daemon.docker("run", "--rm", "small", "cat", "/small").out == "small\n"


def test_an_archive_that_does_not_fit_leaves_nothing(daemon: Target, tmp_path: Path) -> None:
    archive = tmp_path / "busybox.tar"
    assert daemon.docker("save", "-o", str(archive), "busybox").code == 0
    assert daemon.docker("rmi", "busybox").code == 0
    with full(daemon):
        assert refused(daemon.docker("load", "-i", str(archive)))
        assert daemon.docker("images", "-q").out == ""
    assert daemon.docker("load", "-i", str(archive)).code == 0
    assert daemon.docker("run", "--rm", "busybox", "echo", "whole").out == "whole\n"


def test_a_program_that_logs_runs_on(daemon: Target) -> None:
    """Lines are lost while there is no room for them, and only then."""
    daemon.docker("run", "-d", "--name", "talker", "--log-opt", "max-size=1m", "busybox", "sh", "-c", CHATTER)

    def last() -> int:
        lines = daemon.docker("logs", "--tail", "1", "talker").out.split()
        return int(lines[1]) if len(lines) == 2 else 0

    wait_until(lambda: last() > 1000)
    with full(daemon):
        ticks = processor_ticks(daemon)
        wait_until(lambda: processor_ticks(daemon) > ticks + 20, 15, "the program's progress")
        assert daemon.inspect("talker")["State"]["Running"]
        assert daemon.docker("exec", "talker", "echo", "in").out == "in\n"
        assert daemon.docker("logs", "--tail", "1", "talker").code == 0
    before = last()
    wait_until(lambda: last() > before + 1000, 15, "the log's going on")
    assert daemon.docker("rm", "-f", "talker").code == 0


def processor_ticks(daemon: Target) -> int:
    """User and system time of the talker so far; a program that waits for its log gets no further."""
    pid = daemon.inspect("talker")["State"]["Pid"]
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_an_exit_is_recorded_and_removal_makes_room(daemon: Target) -> None:
    """What frees space must not need any: stop and rm work on a full disk."""
    for name in ("first", "second"):
        daemon.docker("run", "-d", "--name", name, "busybox", "sleep", "1000")
    with full(daemon):
        assert daemon.docker("kill", "first", timeout=10).code == 0
        wait_until(lambda: daemon.inspect("first")["State"]["Status"] == "exited")
        assert daemon.inspect("first")["State"]["ExitCode"] == 137
        removed = daemon.docker("rm", "-f", "first", "second", timeout=10)
        assert removed.code == 0, removed.err
        assert daemon.docker("ps", "-aq").out == ""
    assert daemon.docker("run", "--rm", "busybox", "echo", "again").out == "again\n"
