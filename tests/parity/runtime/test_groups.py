"""Control groups as the commands meet them: frozen ones, groups below the container's, one tree and many."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.runtimes import Runtime

pytestmark = pytest.mark.root

TOP = Path("/sys/fs/cgroup")
UNIFIED = (TOP / "cgroup.controllers").exists()
FREEZER, FILE, FROZEN = (
    (TOP, "cgroup.freeze", "1") if UNIFIED else (TOP / "freezer", "freezer.state", "FROZEN")
)
TREES = (
    []
    if UNIFIED
    else [("cpu:nowhere", "/nowhere/cgroup.procs: no such file"), ("what:/", "unknown controller ")]
)


@contextmanager
def frozen(path: str) -> Iterator[None]:
    """A group of which the part at `path` exists and is frozen."""
    folder = FREEZER / path.lstrip("/")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        (folder / FILE).write_text(FROZEN)
        yield
    finally:
        (folder / FILE).write_text("0" if UNIFIED else "THAWED")
        folder.rmdir()


@pytest.mark.parametrize("command", ["run", "create"])
def test_a_frozen_group_is_refused(runtime: Runtime, command: str) -> None:
    path = f"/{runtime.instance}/frozen"
    with frozen(path):
        bundle = runtime.bundle("sleep", "1", linux={"cgroupsPath": path})
        flags = ("-d",) if command == "run" else ()
        done = runtime(command, *flags, "-b", bundle, "cold")
    assert done.code != 0
    assert "container's cgroup unexpectedly frozen" in done.err
    assert runtime("state", "cold").code == 1


def folder_of(runtime: Runtime, id: str, tree: str) -> Path:
    pid = runtime.state(id)["pid"]
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if (UNIFIED and not names) or tree in names.split(","):
            return (TOP if UNIFIED else TOP / tree) / path.lstrip("/")
    raise AssertionError(f"in no group of {tree}")


def test_force_deletes_processes_in_groups_below(runtime: Runtime) -> None:
    id = runtime.running()
    runtime.ok("exec", "-d", id, "sleep", "4321")
    (pid,) = [
        pid for pid in folder_of(runtime, id, "freezer").joinpath("cgroup.procs").read_text().split()
        if b"4321" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]  # fmt: skip
    below = {folder_of(runtime, id, tree) / "below" for tree in ("memory", "freezer")}
    for folder in below:
        folder.mkdir()
        (folder / "cgroup.procs").write_text(pid)
    runtime.ok("delete", "--force", id)
    assert not any(folder.parent.exists() for folder in below)
    assert not Path(f"/proc/{pid}/exe").exists()


def test_exec_joins_a_group_below(runtime: Runtime) -> None:
    id = runtime.running()
    for tree in ("memory", "pids"):
        folder_of(runtime, id, tree).joinpath("below").mkdir(exist_ok=True)
    given = "below" if UNIFIED else "memory,pids:below"
    shown = runtime.ok("exec", "--cgroup", given, id, "cat", "/proc/self/cgroup")
    places = {names: path for _, names, path in (line.split(":", 2) for line in shown.splitlines())}
    if UNIFIED:
        assert places[""].endswith("/below")
    else:
        assert places["memory"].endswith("/below") and places["pids"].endswith("/below")
        assert not places["freezer"].endswith("/below")
    runtime.ok("delete", "--force", id)


def test_exec_goes_where_the_first_process_is(runtime: Runtime) -> None:
    """An init system makes limited groups of its own; the container's can hold no process then (version 2)."""
    id = runtime.running()
    folder = folder_of(runtime, id, "pids")
    below = folder / "init.scope"
    below.mkdir()
    (below / "cgroup.procs").write_text(str(runtime.state(id)["pid"]))
    if UNIFIED:
        (folder / "cgroup.subtree_control").write_text("+pids")
    shown = runtime.ok("exec", id, "cat", "/proc/self/cgroup")
    if UNIFIED:
        assert shown.strip().endswith("/init.scope")
    runtime.ok("delete", "--force", id)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("..", "is not a sub cgroup path"),
        ("nowhere", "/nowhere/cgroup.procs: no such file"),
        *TREES,
    ],
)
def test_exec_joins_no_other(runtime: Runtime, given: str, why: str) -> None:
    id = runtime.running()
    done = runtime("exec", "--cgroup", given, id, "true")
    assert done.code != 0
    assert why in done.err
    runtime.ok("delete", "--force", id)


def test_files_of_version_2_are_refused_on_version_1(runtime: Runtime) -> None:
    linux = {"resources": {"unified": {"memory.min": "131072"}}}
    done = runtime("run", "-b", runtime.bundle("cat", "/sys/fs/cgroup/memory.min", linux=linux), "both")
    if UNIFIED:
        assert done.out.split() == ["131072"]
    else:
        assert done.code != 0
        assert "invalid configuration" in done.err
