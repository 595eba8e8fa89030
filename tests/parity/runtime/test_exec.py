"""exec, and what may be changed or seen of a running container: ps, update, events."""

from __future__ import annotations

import array
import json
import os
import secrets
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.runtimes import Runtime
from tests.system.runtime_harness import process

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def id(runtime: Runtime) -> Iterator[str]:
    """A container for all tests here."""
    id = runtime.running()
    yield id
    runtime.ok("delete", "--force", id)


def test_output_and_exit_code(runtime: Runtime, id: str) -> None:
    done = runtime("exec", id, "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (done.code, done.out, done.err) == (3, "out\n", "err\n")


def test_it_is_in_the_container(runtime: Runtime, id: str) -> None:
    assert runtime.ok("exec", id, "hostname") == "box\n"
    assert runtime.ok("exec", id, "sh", "-c", "echo /proc/1/root/*") == runtime.ok(
        "exec", id, "sh", "-c", "echo /proc/1/root/*"
    )
    assert "sleep 1000" in runtime.ok("exec", id, "ps")


def test_flags(runtime: Runtime, id: str) -> None:
    words = ["--cwd", "/tmp", "--env", "A=b c", "--user", "7:8", "--additional-gids", "9"]
    shown = runtime.ok("exec", *words, id, "sh", "-c", 'pwd; echo "$A"; id')
    assert shown.splitlines()[:2] == ["/tmp", "b c"]
    assert "uid=7 gid=8" in shown
    assert "9" in shown.splitlines()[2].partition("groups=")[2].split(",")


def test_flags_of_the_program_are_its_own(runtime: Runtime, id: str) -> None:
    assert runtime.ok("exec", id, "echo", "--cwd", "-d") == "--cwd -d\n"


def test_a_process_from_a_file(runtime: Runtime, id: str, tmp_path: Path) -> None:
    (tmp_path / "process.json").write_text(
        json.dumps(process(["sh", "-c", "echo $B; pwd"], env=["B=x", "PATH=/bin"], cwd="/etc"))
    )
    assert runtime.ok("exec", "-p", tmp_path / "process.json", id) == "x\n/etc\n"


def test_capabilities_and_privileges(runtime: Runtime, id: str) -> None:
    status = runtime.ok("exec", "--cap", "CAP_SYS_NICE", "--no-new-privs", id, "cat", "/proc/self/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert int(fields["CapBnd"], 16) & 1 << 23
    assert int(fields["CapEff"], 16) & 1 << 23
    assert fields["NoNewPrivs"].strip() == "1"
    plain = runtime.ok("exec", id, "cat", "/proc/self/status")
    assert (
        not int(dict(line.split(":\t", 1) for line in plain.splitlines() if ":\t" in line)["CapBnd"], 16)
        & 1 << 23
    )


def test_detached_with_a_pid_file(runtime: Runtime, id: str, tmp_path: Path) -> None:
    runtime.ok("exec", "-d", "--pid-file", tmp_path / "pid", id, "sleep", "1001")
    pid = int((tmp_path / "pid").read_text())
    assert pid in json.loads(runtime.ok("ps", "--format", "json", id))
    os.kill(pid, 9)


def test_a_program_that_is_missing(runtime: Runtime, id: str) -> None:
    done = runtime("exec", id, "missing")
    assert done.code == 255
    assert "executable file not found in $PATH" in done.err


def test_a_stopped_container(runtime: Runtime) -> None:
    ended = runtime.running("true")
    runtime.until(ended, "stopped")
    done = runtime("exec", ended, "true")
    assert done.code == 255
    assert "cannot exec in a stopped container" in done.err
    runtime.ok("delete", ended)


def test_into_a_created_container(runtime: Runtime) -> None:
    made = runtime.created()
    assert runtime.ok("exec", made, "echo", "early") == "early\n"
    assert runtime.status(made) == "created"
    runtime.ok("delete", "--force", made)


def test_a_filter_holds_for_it_too(runtime: Runtime) -> None:
    profile = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}],
    }
    linux = {**runtime.config()["linux"], "seccomp": profile}
    made = runtime.running(linux=linux)
    done = runtime("exec", made, "mkdir", "/tmp/new")
    assert done.code == 1
    assert "not supported" in done.err
    runtime.ok("delete", "--force", made)


class Console:
    """Listens as containerd does: one message with the terminal's master."""

    def __init__(self) -> None:
        self.path = f"/tmp/console-{secrets.token_hex(4)}"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen()
        self._listener.settimeout(30)

    def master(self) -> int:
        with self._listener.accept()[0] as line:
            _, extra, _, _ = line.recvmsg(4096, socket.CMSG_LEN(4))
            return array.array("i", extra[0][2])[0]

    def close(self) -> None:
        self._listener.close()
        Path(self.path).unlink()


@pytest.fixture
def console() -> Iterator[Console]:
    console = Console()
    yield console
    console.close()


def test_a_terminal_is_handed_over(runtime: Runtime, id: str, console: Console) -> None:
    runtime.ok(
        "exec", "-d", "-t", "--console-socket", console.path, id, "sh", "-c", "tty; read x; echo got $x"
    )
    _converse(console.master())


def test_the_first_process_has_a_terminal(runtime: Runtime, console: Console) -> None:
    bundle = runtime.bundle("sh", "-c", "tty; read x; echo got $x", process={"terminal": True})
    runtime.ok("create", "-b", bundle, "--console-socket", console.path, "with-terminal")
    master = console.master()
    runtime.ok("start", "with-terminal")
    _converse(master)
    runtime.until("with-terminal", "stopped")
    runtime.ok("delete", "with-terminal")


def _converse(master: int) -> None:
    with os.fdopen(master, "r+b", buffering=0) as terminal:
        shown = b""
        while b"/dev/pts/" not in shown:
            shown += terminal.read(100)
        terminal.write(b"word\n")
        while b"got word" not in shown:
            shown += terminal.read(100)


def test_a_terminal_needs_someone_to_have_it(runtime: Runtime) -> None:
    done = runtime("create", "-b", runtime.bundle("true", process={"terminal": True}), "without")
    assert done.code == 1
    assert "cannot allocate tty if runc will detach without setting console socket" in done.err
    done = runtime("create", "-b", runtime.bundle("true"), "--console-socket", "/nowhere", "without")
    assert "cannot use console socket if runc will not detach or allocate tty" in done.err


def test_ps_as_a_table(runtime: Runtime, id: str) -> None:
    head, *rows = runtime.ok("ps", id).splitlines()
    assert head.split() == ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
    assert any("sleep 1000" in row for row in rows)


def test_ps_with_options_of_ps(runtime: Runtime, id: str) -> None:
    head, row, *_ = runtime.ok("ps", id, "-e", "-x").splitlines()
    assert head.split() == ["PID", "TTY", "STAT", "TIME", "COMMAND"]
    assert row.split()[1:6] == ["?", "Ss", "0:00", "sleep", "1000"]
    assert runtime.ok("ps", id, "-A").splitlines()[0].split() == ["PID", "TTY", "TIME", "CMD"]


def figures(runtime: Runtime, id: str) -> dict[str, Any]:
    event = json.loads(runtime.ok("events", "--stats", id))
    assert (event["type"], event["id"]) == ("stats", id)
    data: dict[str, Any] = event["data"]
    return data


def test_update_by_flags(runtime: Runtime, id: str) -> None:
    runtime.ok("update", "--memory", "64M", "--memory-swap", "64M", "--pids-limit", "50", id)
    data = figures(runtime, id)
    assert data["memory"]["usage"]["limit"] == 64 << 20
    assert data["pids"]["limit"] == 50


def test_update_from_standard_input(runtime: Runtime, id: str) -> None:
    resources = {"pids": {"limit": 40}}
    runtime.ok("update", "--resources", "-", id, stdin=json.dumps(resources).encode())
    assert figures(runtime, id)["pids"]["limit"] == 40


def test_figures_have_the_names_that_others_read(runtime: Runtime, id: str) -> None:
    data = figures(runtime, id)
    assert data["cpu"]["usage"]["total"] > 0
    assert data["memory"]["usage"]["usage"] > 0
    assert data["pids"]["current"] >= 1


def test_events_come_at_intervals_until_the_end(runtime: Runtime) -> None:
    made = runtime.running()
    command = runtime.command("events", "--interval", "100ms", made)
    with subprocess.Popen(command, stdout=subprocess.PIPE) as follower:
        assert follower.stdout is not None
        for _ in range(2):
            assert json.loads(follower.stdout.readline())["type"] == "stats"
        runtime.ok("delete", "--force", made)
        assert follower.wait(30) == 0


def test_an_event_tells_of_lacking_memory(runtime: Runtime) -> None:
    resources = {"devices": [], "memory": {"limit": 16 << 20, "swap": 16 << 20}}
    linux = {**runtime.config()["linux"], "resources": resources}
    made = runtime.running(linux=linux)
    command = runtime.command("events", "--interval", "100ms", made)
    with subprocess.Popen(command, stdout=subprocess.PIPE) as follower:
        assert follower.stdout is not None
        kinds = [json.loads(follower.stdout.readline())["type"]]
        runtime("exec", made, "sh", "-c", "x=$(dd if=/dev/zero bs=1M count=64 | tr '\\0' x)")
        while "oom" not in kinds:
            kinds.append(json.loads(follower.stdout.readline())["type"])
            assert len(kinds) < 100
        runtime.ok("delete", "--force", made)
        follower.wait(30)
