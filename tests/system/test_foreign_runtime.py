"""Containers of runc under hythe: what a crash leaves of them, what is on the host meanwhile, and who is refused.

That they behave as all others do is told by `tests/parity --target hythe+runc`; a part of that is in
`tests/parity/test_runtimes.py`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.test_daemon_crash import again, inspect, leftovers, status, wait_until
from tests.targets import Target, start_hythe
from tests.waiting import PATIENCE

RUNC = shutil.which("runc") or "/usr/sbin/runc"


def script(folder: Path, name: str, body: str) -> str:
    """A runtime "NAME=PATH" that is runc with something before it; `"$verb"` is the subcommand."""
    verb = 'for verb; do case "$verb" in create|kill) break;; esac; done'
    path = folder / name
    path.write_text(f'#!/bin/sh\n{verb}\n{body}\nexec {RUNC} "$@"\n')
    path.chmod(0o755)
    return f"{name}={path}"


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Target]:
    """Beside runc: `early` hangs before it creates a container, `late` after it, each once `hang` exists; `slow` is so
    after each signal.
    """
    mark = f"{tmp_path}/hang"
    hang = f'[ "$verb" = create ] && [ -e {mark} ] && mv {mark} {mark}ing'
    early = script(tmp_path, "early", f"{hang} && exec sleep 1000")
    late = script(
        tmp_path, "late", f'{hang} && {RUNC} "$@" && mv {mark}ing {mark}ing-late && exec sleep 1000'
    )
    slow = script(tmp_path, "slow", f'[ "$verb" = kill ] && {RUNC} "$@" && exec sleep 1')
    options = [word for runtime in (early, late, slow) for word in ("--add-runtime", runtime)]
    with start_hythe(tmp_path, *options) as target:
        yield target


def run(target: Target, name: str, *command: str, runtime: str = "runc") -> int:
    """Start a container in the background; its pid."""
    done = target.docker("run", "-d", "--name", name, "--runtime", runtime, "busybox", *command)
    assert done.code == 0, done.err
    pid: int = inspect(target, name)["State"]["Pid"]
    return pid


def warden_of(pid: int) -> int:
    return int(next(line for line in status(pid) if line.startswith("PPid")).split()[1])


def test_runc_really_runs_it_and_the_host_sees_no_mount(daemon: Target) -> None:
    before = Path("/proc/self/mountinfo").read_text().count("\n")
    pid = run(daemon, "real", "sleep", "1000")
    assert Path("/proc/self/mountinfo").read_text().count("\n") == before
    id = inspect(daemon, "real")["Id"]
    state = json.loads((daemon.root / "run" / "warden" / id / "oci" / id / "state.json").read_text())
    assert state["init_process_pid"] == pid
    assert (inspect(daemon, "real")["HostConfig"]["Runtime"], warden_of(pid) > 1) == ("runc", True)
    assert daemon.docker("rm", "-f", "real").code == 0


def test_the_daemon_is_killed_and_nothing_is_lost(daemon: Target) -> None:
    ticks = "i=0; while :; do echo $i; i=$((i+1)); sleep 0.05; done"
    pid = run(daemon, "counter", "sh", "-c", ticks)
    run(daemon, "brief", "sh", "-c", "sleep 1; exit 9")
    os.kill(daemon.pid, signal.SIGKILL)
    wait_until(lambda: any(line.startswith("State:\tZ") for line in status(daemon.pid)))
    process = again(daemon)
    try:
        state = inspect(daemon, "counter")["State"]
        assert (state["Running"], state["Pid"]) == (True, pid)
        wait_until(lambda: inspect(daemon, "brief")["State"]["Status"] == "exited")
        assert inspect(daemon, "brief")["State"]["ExitCode"] == 9
        wait_until(lambda: len(daemon.docker("logs", "counter").out.split()) > 30)
        numbers = [int(line) for line in daemon.docker("logs", "counter").out.split()]
        assert numbers == list(range(len(numbers)))
        assert daemon.docker("exec", "counter", "echo", "in").out == "in\n"
        assert daemon.docker("stop", "-t", "0", "counter").code == 0
        assert daemon.docker("start", "counter").code == 0
        assert daemon.docker("rm", "-f", "counter", "brief").code == 0
    finally:
        process.terminate()
        process.wait(30 * PATIENCE)


def test_the_warden_is_killed_and_another_takes_over(daemon: Target) -> None:
    pid = run(daemon, "orphan", "sleep", "1000")
    os.kill(warden_of(pid), signal.SIGKILL)
    wait_until(lambda: daemon.docker("exec", "orphan", "echo", "in").out == "in\n")
    state = inspect(daemon, "orphan")["State"]
    assert (state["Running"], state["Pid"]) == (True, pid)
    assert daemon.docker("exec", "-t", "orphan", "tty").out.strip() == "/dev/pts/0"
    assert (daemon.docker("pause", "orphan").code, daemon.docker("unpause", "orphan").code) == (0, 0)
    assert daemon.docker("kill", "orphan").code == 0
    wait_until(lambda: inspect(daemon, "orphan")["State"]["Status"] == "exited")
    assert daemon.docker("rm", "orphan").code == 0


@pytest.mark.parametrize(("runtime", "mark"), [("early", "hanging"), ("late", "hanging-late")])
def test_the_warden_is_killed_while_a_container_is_made(daemon: Target, runtime: str, mark: str) -> None:
    """Before the runtime has made it, and after that but before the warden knows its pid."""
    instance = json.loads(daemon.docker("info", "--format", "{{json .ID}}").out)
    pid = run(daemon, "bystander", "sleep", "1000")
    assert daemon.docker("create", "--name", "half", "--runtime", runtime, "busybox", "sleep", "77").code == 0
    (daemon.root / "hang").touch()
    outcome: list[int] = []
    thread = threading.Thread(target=lambda: outcome.append(daemon.docker("start", "half").code))
    thread.start()
    try:
        wait_until(lambda: (daemon.root / mark).exists())
        os.kill(warden_of(pid), signal.SIGKILL)
    finally:
        thread.join()
    assert outcome == [1]
    wait_until(lambda: daemon.docker("exec", "bystander", "true").code == 0)
    id = inspect(daemon, "half")["Id"]
    wait_until(lambda: not [line for line in leftovers(instance, daemon.root) if id in line])
    assert inspect(daemon, "half")["State"]["Running"] is False
    assert daemon.docker("start", "half").code == 0
    assert daemon.docker("exec", "half", "true").code == 0
    assert daemon.docker("rm", "-f", "half", "bystander").code == 0


def test_a_container_is_removed_while_the_runtime_is_still_busy_with_it(daemon: Target) -> None:
    """The exit is known before the program that sent the signal has ended."""
    run(daemon, "gone", "sleep", "1000", runtime="slow")
    assert daemon.docker("rm", "-f", "gone", timeout=15).code == 0
    run(daemon, "gone", "sleep", "1000", runtime="slow")
    assert daemon.docker("stop", "-t", "0", "gone", timeout=15).code == 0
    assert daemon.docker("rm", "gone").code == 0
    assert daemon.docker("run", "--rm", "--runtime", "slow", "busybox", "echo", "next").out == "next\n"


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    with start_hythe(tmp_path) as daemon:
        instance = json.loads(daemon.docker("info", "--format", "{{json .ID}}").out)
        for number in range(2):
            run(daemon, f"n{number}", "sleep", "100")
        assert daemon.docker("exec", "n0", "nosuchprogram").code == 127
        assert daemon.docker("exec", "-t", "n0", "true").code == 0
        assert daemon.docker("run", "--rm", "--runtime", "runc", "busybox", "nosuchprogram").code == 127
        assert any("cgroup" in place for place in leftovers(instance, tmp_path))
        id = inspect(daemon, "n0")["Id"]
        left = {path.name for path in (tmp_path / "run" / "warden" / id).iterdir()}
        assert left == {"state.json", "oci"}
        assert daemon.docker("rm", "-f", "n0", "n1").code == 0
        assert not [path for path in (tmp_path / "run" / "warden").iterdir() if path.is_dir()]
    wait_until(
        lambda: not leftovers(instance, tmp_path), otherwise=lambda: str(leftovers(instance, tmp_path))
    )


def test_a_runtime_that_is_not_there_changes_nothing(daemon: Target) -> None:
    done = daemon.docker("run", "--name", "none", "--runtime", "nosuch", "busybox", "true")
    assert done.code == 125
    assert "unknown or invalid runtime name: nosuch" in done.err
    assert daemon.docker("ps", "-aq").out == ""


def test_a_runtime_that_goes_away_is_named_at_the_start(daemon: Target) -> None:
    assert daemon.docker("create", "--name", "left", "--runtime", "early", "busybox", "true").code == 0
    (daemon.root / "early").unlink()
    done = daemon.docker("start", "left")
    assert (done.code, "unknown or invalid runtime name: early" in done.err) == (1, True)
    assert daemon.docker("rm", "left").code == 0


def test_info_lists_the_runtimes(daemon: Target) -> None:
    found = json.loads(daemon.docker("info", "--format", "{{json .}}").out)
    assert found["DefaultRuntime"] == "hythe"
    assert {"hythe", "runc", "early", "late"} <= found["Runtimes"].keys()
    assert found["Runtimes"]["early"]["path"] == f"{daemon.root}/early"
