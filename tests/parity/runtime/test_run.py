"""run in the foreground: output, exit codes, signals, descriptors."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.runtimes import Runtime
from tests.terminal import terminal

pytestmark = pytest.mark.root


def new() -> str:
    return "c" + secrets.token_hex(4)


def test_output_input_and_exit_code(runtime: Runtime) -> None:
    bundle = runtime.bundle("sh", "-c", "cat; echo no >&2; exit 7")
    done = runtime("run", "-b", bundle, new(), stdin=b"yes")
    assert (done.code, done.out, done.err) == (7, "yes", "no\n")


def test_the_exit_code_of_a_signal(runtime: Runtime) -> None:
    bundle = runtime.bundle("sh", "-c", 'sh -c "kill -9 \\$\\$"; exit $?')
    assert runtime("run", "-b", bundle, new()).code == 137


def test_it_is_deleted_at_its_end(runtime: Runtime) -> None:
    id = new()
    runtime.ok("run", "-b", runtime.bundle("true"), id)
    assert runtime("state", id).code == 1
    assert not runtime.groups()


def test_signals_are_passed_on(runtime: Runtime) -> None:
    id = new()
    script = 'trap "exit 9" TERM; echo ready; while true; do sleep 0.05; done'
    command = runtime.command("run", "-b", runtime.bundle("sh", "-c", script), id)
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(30) == 9


def test_descriptors_are_preserved_and_no_others(runtime: Runtime) -> None:
    reading, writing = os.pipe()
    other, _ = os.pipe()
    try:
        bundle = runtime.bundle("sh", "-c", "echo kept >&3; ls /proc/self/fd")
        moved = os.dup2(writing, 3, inheritable=True) if writing != 3 else 3
        os.set_inheritable(other, True)
        done = runtime("run", "-b", bundle, "--preserve-fds", "1", new(), fds=(moved,))
        assert done.code == 0, done
        assert os.read(reading, 16) == b"kept\n"
        assert set(done.out.split()) <= {"0", "1", "2", "3", "4"}  # 4 is ls's own
    finally:
        for fd in {reading, writing, other}:
            os.close(fd)


def test_detached_it_goes_on(runtime: Runtime, tmp_path: Path) -> None:
    id = new()
    runtime.ok("run", "-d", "--pid-file", tmp_path / "pid", "-b", runtime.bundle("sleep", "1000"), id)
    assert runtime.status(id) == "running"
    assert int((tmp_path / "pid").read_text()) == runtime.state(id)["pid"]
    runtime.ok("delete", "-f", id)


def test_a_terminal_in_the_foreground(runtime: Runtime) -> None:
    bundle = runtime.bundle(
        "sh", "-c", "tty; read line; stty size; echo got $line", process={"terminal": True}
    )
    with terminal(
        runtime.command("run", "-b", bundle, new()), dict(os.environ), rows=31, columns=77
    ) as screen:
        screen.expect("/dev/pts/0")
        screen.type("word\n")
        screen.expect("31 77")
        screen.expect("got word")
        assert screen.end() == 0


def test_a_program_that_is_missing(runtime: Runtime) -> None:
    id = new()
    done = runtime("run", "-b", runtime.bundle("missing"), id)
    assert done.code == 1
    assert "executable file not found in $PATH" in done.err
    assert runtime("state", id).code == 1
    assert not runtime.groups()


def test_keep(runtime: Runtime) -> None:
    id = new()
    runtime.ok("run", "--keep", "-b", runtime.bundle("true"), id)
    assert runtime.status(id) == "stopped"
    runtime.ok("delete", id)


def test_the_runtime_is_not_left_behind(runtime: Runtime) -> None:
    id = new()
    runtime.ok("run", "-d", "-b", runtime.bundle("sleep", "1000"), id)
    deadline = time.monotonic() + 10
    while any(id in _command(entry) for entry in Path("/proc").iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    runtime.ok("delete", "-f", id)


def _command(entry: Path) -> str:
    try:
        return (entry / "cmdline").read_text() if entry.name.isdigit() else ""
    except OSError:
        return ""
