"""What `hythe` says and how it ends, against either daemon: the behaviour that docker's users rely on."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.targets import Target


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "out"),
    [
        (["run", "--rm", "busybox", "echo", "hi"], None, 0, "hi\n"),
        (["run", "--rm", "busybox", "sh", "-c", "exit 7"], None, 7, ""),
        (["run", "--rm", "-i", "busybox", "cat"], b"x\n", 0, "x\n"),
        (["run", "--rm", "busybox", "cat"], b"x\n", 0, ""),
        (["run", "--rm", "-e", "A=b c", "busybox", "sh", "-c", 'echo "$A"'], None, 0, "b c\n"),
        (["run", "--rm", "-w", "/tmp", "busybox", "pwd"], None, 0, "/tmp\n"),
        (["run", "--rm", "-h", "box", "busybox", "hostname"], None, 0, "box\n"),
        (["run", "--rm", "--entrypoint", "echo", "busybox", "-n", "a"], None, 0, "a"),
        (["run", "--rm", "-u", "1:2", "busybox", "sh", "-c", "id -u; id -g"], None, 0, "1\n2\n"),
        (["run", "--rm", "busybox", "sh", "-c", r'sh -c "kill -9 \$\$"; exit $?'], None, 137, ""),
        (["run", "--rm", "busybox", "no-such-program"], None, 127, ""),
        (["run", "--rm", "busybox", "/etc"], None, 126, ""),
        (["run", "--rm", "no-such-image-anywhere"], None, 125, ""),
        (["run", "--bogus-flag", "busybox"], None, 125, ""),
        (["run", "--rm", "-p", "x", "busybox"], None, 125, ""),
        (["rm", "no-such-container"], None, 1, ""),
        (["inspect", "no-such-thing"], None, 1, "[]\n"),
    ],
)
def test_exit_codes_and_output(
    target: Target, arguments: list[str], stdin: bytes | None, code: int, out: str
) -> None:
    result = target.hythe(*arguments, stdin=stdin)
    assert (result.code, result.out) == (code, out), result.err
    assert "Traceback" not in result.err
    if code in (125, 126, 127, 1):
        assert result.err.count("hythe: ") == 1 or "exec" in result.err


@contextmanager
def container(target: Target, name: str, *arguments: str) -> Iterator[str]:
    result = target.hythe("run", "-d", "--name", name, *arguments)
    assert result.code == 0, result.err
    try:
        yield result.out.strip()
    finally:
        assert target.hythe("rm", "-f", "-v", name).code == 0


def test_life(target: Target) -> None:
    with container(
        target, "life", "-l", "a=b", "busybox", "sh", "-c", "echo out; echo err >&2; sleep 100"
    ) as identity:
        assert re.fullmatch(r"[0-9a-f]{64}", identity)
        shown = target.hythe(
            "ps", "--filter", "label=a=b", "--format", '{{.ID}} {{.Names}} {{.State}} {{.Label "a"}}'
        )
        assert shown.out == f"{identity[:12]} life running b\n"
        assert target.hythe("exec", "life", "sh", "-c", "exit 3").code == 3
        assert target.hythe("exec", "-i", "life", "cat", stdin=b"abc").out == "abc"
        assert target.hythe("stop", "-t", "0", "life").out == "life\n"
        assert (
            target.hythe("inspect", "-f", "{{.State.ExitCode}} {{.State.Running}}", "life").out
            == "137 false\n"
        )
        assert "life" not in target.hythe("ps").out
        assert "Exited (137)" in target.hythe("ps", "-a").out
        assert target.hythe("wait", "life").out == "137\n"
        assert target.hythe("rename", "life", "lives").code == 0
        assert target.hythe("rename", "lives", "life").code == 0
        assert target.hythe("start", "life").out == "life\n"
        assert target.hythe("pause", "life").code == 0
        assert "(Paused)" in target.hythe("ps").out
        assert target.hythe("unpause", "life").code == 0
        assert target.hythe("kill", "-s", "KILL", "life").out == "life\n"


def test_logs(target: Target) -> None:
    # dockerd copies the two streams side by side: only time puts their lines in an order
    with container(target, "logs", "busybox", "sh", "-c", "echo out; echo err >&2; sleep 0.5; echo last"):
        target.hythe("wait", "logs")
        shown = target.hythe("logs", "logs")
        assert (shown.out, shown.err) == ("out\nlast\n", "err\n")
        assert target.hythe("logs", "-f", "--tail", "1", "logs").out == "last\n"
        assert re.fullmatch(
            r"\d{4}-\d\d-\d\dT[\d:.]+Z out\n.*", target.hythe("logs", "-t", "logs").out, re.DOTALL
        )
        assert target.hythe("logs", "--until", "1h", "logs").out == ""


def test_a_taken_name_is_one_clear_error(target: Target) -> None:
    with container(target, "taken", "busybox", "sleep", "100"):
        result = target.hythe("run", "--name", "taken", "busybox", "true")
        assert result.code == 125
        assert "taken" in result.err
        assert result.err.startswith("hythe: ")


def test_copying(target: Target, tmp_path: Path) -> None:
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "file").write_text("content")
    with container(target, "copying", "busybox", "sleep", "100"):
        assert target.hythe("cp", str(tmp_path / "dir"), "copying:/tmp").code == 0
        assert target.hythe("exec", "copying", "cat", "/tmp/dir/file").out == "content"
        assert target.hythe("cp", f"{tmp_path}/dir/.", "copying:/tmp/new").code == 0
        assert target.hythe("exec", "copying", "cat", "/tmp/new/file").out == "content"
        assert target.hythe("cp", str(tmp_path / "dir" / "file"), "copying:/tmp/named").code == 0
        assert target.hythe("cp", "copying:/tmp/named", str(tmp_path / "back")).code == 0
        assert (tmp_path / "back").read_text() == "content"
        assert target.hythe("cp", "copying:/tmp/dir", str(tmp_path / "tree")).code == 0
        assert (tmp_path / "tree" / "file").read_text() == "content"
        assert target.hythe("cp", "copying:/no/such", str(tmp_path)).code == 1
        assert "A /tmp/named" in target.hythe("diff", "copying").out


def test_inspect_is_json(target: Target) -> None:
    with container(target, "looked", "busybox", "sleep", "100") as identity:
        found = json.loads(target.hythe("inspect", "looked").out)
        assert found[0]["Id"] == identity
        assert json.loads(target.hythe("ps", "--format", "json").out)["Names"] == "looked"
        assert json.loads(target.hythe("inspect", "--type", "image", "busybox").out)[0]["RepoTags"] == [
            "busybox:latest"
        ]


def test_published_port(target: Target) -> None:
    with container(target, "published", "-p", "127.0.0.1::80", "busybox", "sleep", "100"):
        assert re.fullmatch(r"127\.0\.0\.1:\d+\n", target.hythe("port", "published", "80").out)
        assert re.search(r"127\.0\.0\.1:\d+->80/tcp", target.hythe("ps").out)
        assert target.hythe("port", "published", "81").code == 1


def test_signals_are_passed_on(target: Target) -> None:
    script = 'trap "echo got; exit 5" TERM; echo ready; while :; do sleep 0.1; done'
    command = [sys.executable, "-m", "hythe", "run", "--rm", "busybox", "sh", "-c", script]
    process = subprocess.Popen(command, env=target.env, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == b"got\n"
        assert process.wait(20) == 5
    finally:
        process.kill()
        process.wait()


def _on_terminal(target: Target, arguments: list[str], typed: list[tuple[bytes, bytes]]) -> tuple[int, bytes]:
    """(exit code, output) of hythe on a terminal; each (wait for this, type that) in turn."""
    pid, master = pty.fork()
    if pid == 0:
        os.execvpe(sys.executable, [sys.executable, "-m", "hythe", *arguments], target.env)
    shown, deadline = b"", time.monotonic() + 30
    try:
        while time.monotonic() < deadline:
            if typed and typed[0][0] in shown:
                os.write(master, typed.pop(0)[1])
            try:
                shown += os.read(master, 4096)
            except OSError:
                break
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown
    finally:
        os.close(master)


def test_terminal(target: Target) -> None:
    code, shown = _on_terminal(
        target, ["run", "--rm", "-it", "busybox", "sh", "-c", "tty; echo ready; read x; echo got $x; exit 4"],
        [(b"ready", b"abc\r")],
    )  # fmt: skip
    assert code == 4
    assert b"/dev/" in shown
    assert b"got abc" in shown


def test_detach_keys(target: Target) -> None:
    try:
        code, _ = _on_terminal(
            target, ["run", "-it", "--name", "detached", "busybox", "sh", "-c", "echo ready; sleep 100"],
            [(b"ready", b"\x10\x11")],
        )  # fmt: skip
        assert code == 0
        assert target.hythe("inspect", "-f", "{{.State.Running}}", "detached").out == "true\n"
    finally:
        target.hythe("rm", "-f", "detached")


def test_cidfile(target: Target, tmp_path: Path) -> None:
    file = tmp_path / "cid"
    result = target.hythe("create", "--cidfile", str(file), "busybox", "true")
    try:
        assert file.read_text() == result.out.strip()
        assert target.hythe("create", "--cidfile", str(file), "busybox", "true").code == 1
    finally:
        target.hythe("rm", "-f", result.out.strip())
