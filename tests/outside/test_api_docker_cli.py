"""The unmodified docker CLI against a hythe daemon."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.targets import Target

pytestmark = pytest.mark.root


def test_version_and_info(target: Target) -> None:
    assert target.docker("version", "-f", "{{.Server.Os}}").out.strip() == "linux"
    assert target.docker("info", "-f", "{{.OSType}}").out.strip() == "linux"


def test_input_reaches_the_program_and_output_comes_back(target: Target) -> None:
    done = target.docker("run", "--rm", "-i", "busybox", "cat", stdin=b"x\n")
    assert (done.code, done.out) == (0, "x\n"), done.err


@pytest.mark.parametrize("size", [1 << 20])
def test_much_input_comes_back_whole(target: Target, size: int) -> None:
    data = b"0123456789abcde\n" * (size // 16)
    done = target.docker("run", "--rm", "-i", "busybox", "cat", stdin=data)
    assert done.out == data.decode()


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["sh", "-c", "exit 3"], 3),
        (["true"], 0),
        (["nosuch"], 127),
        (["/etc"], 126),
    ],
)
def test_exit_codes(target: Target, command: list[str], code: int) -> None:
    assert target.docker("run", "--rm", "busybox", *command).code == code


def test_standard_error_is_apart(target: Target) -> None:
    done = target.docker("run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2")
    assert (done.out, done.err) == ("out\n", "err\n")


def test_life_of_a_container(target: Target) -> None:
    assert target.docker("run", "-d", "--name", "life", "-l", "a=b", "busybox", "sleep", "1000").code == 0
    listed = target.docker("ps", "--filter", "label=a=b", "--format", "{{.Names}} {{.State}}").out
    assert listed == "life running\n"
    done = target.docker("exec", "-i", "life", "cat", stdin=b"in exec")
    assert (done.code, done.out) == (0, "in exec")
    assert target.docker("exec", "life", "sh", "-c", "exit 4").code == 4
    assert target.docker("stop", "-t", "1", "life").code == 0
    assert target.docker("wait", "life").out.strip() == "137"
    assert target.docker("start", "life").code == 0
    assert "running" in target.docker("rm", "life").err
    assert target.docker("rm", "-f", "life").code == 0
    assert target.docker("inspect", "life").code == 1


def test_logs(target: Target) -> None:
    target.docker("run", "--name", "log", "busybox", "sh", "-c", "echo a; echo b; echo c")
    assert target.docker("logs", "log").out == "a\nb\nc\n"
    assert target.docker("logs", "--tail", "1", "log").out == "c\n"
    assert target.docker("logs", "-f", "log").out == "a\nb\nc\n"
    assert target.docker("logs", "-t", "log").out.split()[0].endswith("Z")


def test_volumes_keep_what_is_written(target: Target) -> None:
    target.docker("run", "--rm", "-v", "kept:/data", "busybox", "sh", "-c", "echo hello > /data/f")
    done = target.docker("run", "--rm", "-v", "kept:/data:ro", "busybox", "cat", "/data/f")
    assert done.out == "hello\n", done.err
    assert "volume is in use" not in target.docker("volume", "rm", "kept").err


def test_files_are_copied_both_ways(target: Target, tmp_path: Path) -> None:
    target.docker("create", "--name", "copied", "busybox", "cat", "/tmp/f")
    (tmp_path / "f").write_text("content\n")
    assert target.docker("cp", str(tmp_path / "f"), "copied:/tmp/f").code == 0
    assert target.docker("start", "-a", "copied").out == "content\n"
    assert target.docker("cp", "copied:/tmp/f", str(tmp_path / "g")).code == 0
    assert (tmp_path / "g").read_text() == "content\n"


def test_build(target: Target, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        'FROM busybox\nCOPY f /f\nRUN echo built > /g\nCMD ["cat", "/f", "/g"]\n'
    )
    (tmp_path / "f").write_text("copied\n")
    done = target.docker("build", "-t", "built", str(tmp_path), timeout=60)
    assert done.code == 0, done.err + done.out
    assert target.docker("run", "--rm", "built").out == "copied\nbuilt\n"


def test_images_are_listed_tagged_and_removed(target: Target) -> None:
    assert target.docker("tag", "busybox", "other:1").code == 0
    names = target.docker("images", "--format", "{{.Repository}}:{{.Tag}}").out.split()
    assert {"busybox:latest", "other:1"} <= set(names)
    assert target.docker("rmi", "other:1").code == 0
    assert json.loads(target.docker("inspect", "busybox").out)[0]["RepoTags"] == ["busybox:latest"]


def test_mistakes_are_told_and_change_nothing(target: Target) -> None:
    before = target.docker("ps", "-aq").out
    assert "nosuch" in target.docker("create", "nosuch").err
    assert "invalid mode" in target.docker("create", "-v", "v:/x:rx", "busybox", "true").err
    assert target.docker("ps", "-aq").out == before


def test_what_hythe_cannot_do_is_refused_by_name(target: Target) -> None:
    """dockerd can: there the same request is served."""
    done = target.docker("create", "--rm", "--gpus", "all", "busybox", "true")
    if target.name == "hythe":
        assert "DeviceRequests=" in done.err
    else:
        assert done.code == 0
        target.docker("rm", done.out.strip())


def test_a_frozen_group_takes_no_container(target: Target) -> None:
    """On runc its first process would stop before it begins, and the start never come back."""
    tree = Path("/sys/fs/cgroup")
    file, frozen, thawed = ("cgroup.freeze", "1", "0")
    if not (tree / "cgroup.controllers").exists():
        tree, file, frozen, thawed = tree / "freezer", "freezer.state", "FROZEN", "THAWED"
    folder = tree / f"outside-{os.getpid()}"
    folder.mkdir()
    try:
        (folder / file).write_text(frozen)
        done = target.docker(
            "run", "--name", "cold", "--cgroup-parent", f"/{folder.name}/below", "busybox", "true"
        )
        assert done.code == 125 and f"unexpectedly frozen: /{folder.name} (" in done.err, done.err
        assert target.inspect("cold")["State"]["Status"] == "created"
    finally:
        target.docker("rm", "-f", "cold")
        (folder / file).write_text(thawed)
        folder.rmdir()


def test_memory_is_shared_with_the_ipc_namespace(target: Target) -> None:
    made = target.docker("run", "-d", "--name", "owner", "--ipc", "shareable", "busybox", "sleep", "1000")
    assert made.code == 0, made.err
    target.docker("exec", "owner", "sh", "-c", "echo shared > /dev/shm/x")
    other = target.docker("run", "--rm", "--ipc", "container:owner", "busybox", "cat", "/dev/shm/x")
    assert (other.code, other.out) == (0, "shared\n"), other.err
