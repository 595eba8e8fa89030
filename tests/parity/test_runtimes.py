"""`--runtime runc`: the whole of a container's life with another OCI runtime, in one daemon beside the others.

A short subset of what `--target hythe+runc` runs in full.
"""

from __future__ import annotations

import pytest

from tests.parity.serving import address, from_container, idle, serve
from tests.parity.test_limits import setting
from tests.targets import Target
from tests.terminal import terminal

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("tidy")]

RUNC = ("--runtime", "runc")


@pytest.mark.parametrize(
    ("program", "code", "out", "words"),
    [
        (["sh", "-c", "echo out; echo err >&2; exit 7"], 7, "out\n", "err"),
        (["sh", "-c", "echo $$; hostname"], 0, "1\nbox\n", ""),
        (["nosuchprogram"], 127, "", "executable file not found in $PATH"),
        (["/etc/passwd"], 126, "", "permission denied"),
    ],
)
def test_exit_codes_and_output(target: Target, program: list[str], code: int, out: str, words: str) -> None:
    done = target.docker("run", "--rm", "--hostname", "box", *RUNC, "busybox", *program)
    assert (done.code, done.out) == (code, out)
    assert words in done.err
    assert target.docker("ps", "-aq").out == ""


def test_input_log_and_attach(target: Target) -> None:
    done = target.docker("run", "-i", "--name", "copy", *RUNC, "busybox", "cat", stdin=b"one\ntwo\n")
    assert (done.code, done.out) == (0, "one\ntwo\n")
    assert target.docker("logs", "copy").out == "one\ntwo\n"
    assert target.inspect("copy")["HostConfig"]["Runtime"] == "runc"


@pytest.mark.parametrize("way", ["run", "exec"])
def test_a_terminal(target: Target, way: str) -> None:
    idle(target, "other", *RUNC)
    words = {"run": ["run", "-it", "--rm", *RUNC, "busybox", "sh"], "exec": ["exec", "-it", "other", "sh"]}
    with terminal(["docker", *words[way]], target.env) as session:
        session.expect("# ")
        session.type("stty size; tty\n")
        session.expect("24 80")
        session.expect("/dev/pts/0")
        session.resize(40, 100)
        session.type("until [ \"$(stty size)\" = '40 100' ]; do sleep 0.1; done; echo re''sized\n")
        session.expect("resized\r\n")
        session.type("exit 5\n")
        assert session.end() == 5


def test_exec_has_its_own_user_codes_and_errors(target: Target) -> None:
    idle(target, "box", *RUNC)
    shown = target.docker(
        "exec", "-u", "nobody", "-w", "/tmp", "-e", "A=b", "box", "sh", "-c", "id -un; pwd; echo $A"
    )
    assert shown.out == "nobody\n/tmp\nb\n"
    assert target.docker("exec", "-i", "box", "cat", stdin=b"in").out == "in"
    assert target.docker("exec", "box", "sh", "-c", "exit 9").code == 9
    missing = target.docker("exec", "box", "nosuchprogram")
    assert missing.code == 127 or target.name == "dockerd"
    assert "executable file not found in $PATH" in missing.out + missing.err
    assert target.docker("exec", "box", "true").code == 0


def test_signals_pause_and_the_state_that_follows(target: Target) -> None:
    script = "trap 'echo got; exit 3' USR1; while :; do sleep 0.1; done"
    assert target.docker("run", "-d", "--name", "box", *RUNC, "busybox", "sh", "-c", script).code == 0
    assert target.docker("pause", "box").code == 0
    assert target.inspect("box")["State"]["Status"] == "paused"
    assert target.docker("exec", "box", "true").code != 0
    assert target.docker("unpause", "box").code == 0
    assert target.docker("kill", "-s", "USR1", "box").code == 0
    assert target.docker("wait", "box").out == "3\n"
    assert target.docker("logs", "box").out == "got\n"
    assert target.docker("start", "box").code == 0
    assert target.docker("stop", "-t", "0", "box").code == 0
    assert target.inspect("box")["State"]["ExitCode"] == 137


def test_limits_are_set_changed_and_held(target: Target) -> None:
    idle(target, "small", *RUNC, "-m", "32m", "--pids-limit", "50")
    limit = ("memory", "memory.limit_in_bytes", "memory.max")
    assert setting(target, "small", *limit) == str(32 << 20)
    updated = target.docker("update", "-m", "24m", "--memory-swap", "24m", "small")
    assert updated.code == 0, updated.err
    assert setting(target, "small", *limit) == str(24 << 20)
    assert setting(target, "small", "pids", "pids.max", "pids.max") == "50"
    assert target.docker("exec", "small", "tail", "/dev/zero").code == 137
    hog = target.docker("run", "--name", "hog", *RUNC, "-m", "16m", "busybox", "tail", "/dev/zero")
    assert (hog.code, target.inspect("hog")["State"]["OOMKilled"]) == (137, True)


def test_networks_names_and_volumes(target: Target) -> None:
    target.docker("network", "create", "net")
    target.docker("volume", "create", "data")
    serve(target, "web", *RUNC, "--network", "net", "-v", "data:/data", text="hello")
    idle(target, "client", "--network", "net", "-v", "data:/data:ro")
    assert from_container(target, "client", "http://web/").out == "hello\n"
    assert address(target, "web", "net") in target.docker("exec", "web", "cat", "/etc/hosts").out
    target.docker("exec", "web", "sh", "-c", "echo kept > /data/file")
    assert target.docker("exec", "client", "cat", "/data/file").out == "kept\n"
    joined = target.docker("run", "--rm", *RUNC, "--network", "container:client", "busybox", "hostname", "-i")
    assert joined.out.strip() == address(target, "client", "net")


def test_rights(target: Target) -> None:
    script = (
        "touch /x || echo read-only; grep -E 'CapEff|NoNew|Seccomp:' /proc/self/status | awk '{print $2}'"
    )
    done = target.docker(
        "run", "--rm", *RUNC, "--read-only", "--cap-drop", "ALL", "--cap-add", "CHOWN",
        "--security-opt", "no-new-privileges", "busybox", "sh", "-c", script,
    )  # fmt: skip
    assert done.out.split() == ["read-only", "0000000000000001", "1", "2"]


def test_an_init_ends_what_is_left_over(target: Target) -> None:
    """The host's docker-init, as with docker."""
    done = target.docker(
        "run", "--rm", "--init", *RUNC, "busybox", "sh", "-c", "echo $$ $(cat /proc/1/comm); exit 4"
    )
    assert (done.code, done.out.split()[1]) == (4, "docker-init")
    assert done.out.split()[0] != "1"


@pytest.mark.parametrize("runtime", [(), RUNC], ids=["default", "runc"])
def test_no_signal_is_ignored_or_blocked_at_the_start(target: Target, runtime: tuple[str, ...]) -> None:
    """An ignored signal is inherited through exec: a program that should end at a hang-up would not."""
    look = ["grep", "-E", "Sig(Blk|Ign|Cgt)", "/proc/self/status"]
    done = target.docker("run", "--rm", *runtime, "busybox", *look)
    assert done.out.split()[1::2] == ["0" * 16] * 3
    idle(target, "box", *runtime)
    assert target.docker("exec", "box", *look).out.split()[1::2] == ["0" * 16] * 3


def test_an_unknown_runtime_is_named(target: Target) -> None:
    done = target.docker("run", "--name", "none", "--runtime", "nosuch", "busybox", "true")
    assert done.code == 125
    words = "unknown or invalid runtime name: nosuch"  # older dockerd: "Unknown runtime specified nosuch"
    assert words in done.err or (target.name == "dockerd" and "Unknown runtime" in done.err)
    assert target.docker("ps", "-aq").out == ""
