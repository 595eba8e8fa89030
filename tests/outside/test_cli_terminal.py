"""What happens under a terminal, with docker's CLI and with hythe's: the same keys, sizes, signals and endings."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.targets import Target
from tests.terminal import terminal
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.root
CLIENTS = {"docker": ["docker"], "hythe": [sys.executable, "-m", "hythe"]}
TRAP = 'trap "echo got; exit 5" TERM; trap "echo int; exit 6" INT; echo ready; while :; do sleep 0.1; done'

#: docker's client tells the size a moment after the start, and busybox's stty has no exit code for "none".
SIZES = 'until [ "$(stty size 2> /dev/null)" ]; do sleep 0.1; done; stty size; read x; stty size; exit 7'


@pytest.fixture(params=list(CLIENTS))
def client(request: pytest.FixtureRequest) -> list[str]:
    """The command of a client."""
    return CLIENTS[request.param]


@pytest.fixture
def running(target: Target) -> Iterator[str]:
    """A container with a terminal and a shell in it."""
    assert target.docker("run", "-dit", "--name", "shell", "busybox", "sh").code == 0
    yield "shell"


def state(target: Target, name: str) -> str:
    return target.docker("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", name).out.strip()


def test_size_follows_the_terminal(target: Target, client: list[str]) -> None:
    command = [
        *client,
        "run",
        "--rm",
        "-it",
        "busybox",
        "sh",
        "-c",
        SIZES,
    ]
    with terminal(command, target.env, rows=30, columns=100) as shown:
        shown.expect("30 100")
        shown.resize(40, 120)
        # the daemon is told after the signal, and nothing says when
        wait_until(lambda: not shown.shows("never", 0.5), 5)
        shown.type("\r")
        shown.expect("40 120")
        assert shown.end() == 7


def test_an_exec_has_a_terminal_of_its_own(target: Target, client: list[str], running: str) -> None:
    with terminal(
        [*client, "exec", "-it", running, "sh", "-c", "stty size; tty; exit 9"], target.env, 33, 99
    ) as shown:
        shown.expect("33 99")
        shown.expect("/dev/pts/")
        assert shown.end() == 9


@pytest.mark.parametrize(("flags", "keys"), [([], "\x10\x11"), (["--detach-keys", "ctrl-x,y"], "\x18y")])
def test_keys_detach_from_what_is_attached(
    target: Target, client: list[str], running: str, flags: list[str], keys: str
) -> None:
    with terminal([*client, "attach", *flags, running], target.env) as shown:
        shown.type("echo a''b\r")
        shown.expect("ab")
        shown.type(keys)
        code = shown.end()
    assert state(target, running) == "running 0"
    assert code == (
        1 if client == CLIENTS["docker"] else 0
    )  # docker calls it an error after attach, not after run


def test_keys_detach_from_a_run(target: Target, client: list[str]) -> None:
    command = [*client, "run", "-it", "--name", "left", "busybox", "sh", "-c", "echo ready; sleep 100"]
    with terminal(command, target.env) as shown:
        shown.expect("ready")
        shown.type("\x10\x11")
        assert shown.end() == 0
    assert state(target, "left") == "running 0"


def test_keys_detach_from_an_exec(target: Target, client: list[str], running: str) -> None:
    command = [
        *client,
        "exec",
        "-it",
        "--detach-keys",
        "ctrl-a,d",
        running,
        "sh",
        "-c",
        "echo ready; sleep 100",
    ]
    with terminal(command, target.env) as shown:
        shown.expect("ready")
        shown.type("\x01d")
        shown.end()
    assert "sleep 100" in target.docker("top", running).out


def test_interrupt_reaches_the_program_of_a_terminal(target: Target, client: list[str]) -> None:
    with terminal([*client, "run", "--rm", "-it", "busybox", "sh", "-c", TRAP], target.env) as shown:
        shown.expect("ready")
        shown.type("\x03")
        shown.expect("int")
        assert shown.end() == 6


def test_start_interactive(target: Target, client: list[str]) -> None:
    target.docker("create", "-it", "--name", "again", "busybox", "sh", "-c", "read x; echo got $x; exit 4")
    with terminal([*client, "start", "-ai", "again"], target.env) as shown:
        shown.type("word\r")
        shown.expect("got word")
        assert shown.end() == 4


@pytest.mark.parametrize(
    ("flags", "sent", "ends"),
    [([], signal.SIGTERM, ("got\n", 5)), (["--sig-proxy=true"], signal.SIGINT, ("int\n", 6))],
)
def test_signals_are_passed_on(
    target: Target, client: list[str], flags: list[str], sent: signal.Signals, ends: tuple[str, int]
) -> None:
    with signalled(target, [*client, "run", "--rm", *flags, "busybox", "sh", "-c", TRAP], sent) as process:
        assert process.stdout is not None
        assert (process.stdout.read(), process.wait(20 * PATIENCE)) == ends


def test_signals_are_not_passed_on(target: Target, client: list[str]) -> None:
    """hythe dies of it; docker's client waits for two more. The program goes on either way."""
    command = [*client, "run", "--name", "signalled", "--sig-proxy=false", "busybox", "sh", "-c", TRAP]
    with signalled(target, command, signal.SIGTERM) as process:
        if client != CLIENTS["docker"]:
            assert process.wait(20 * PATIENCE) == -signal.SIGTERM
        assert state(target, "signalled") == "running 0"


@contextmanager
def signalled(target: Target, command: list[str], number: signal.Signals) -> Iterator[subprocess.Popen[str]]:
    """A client whose container is ready and which has then been sent a signal; killed at the end."""
    with subprocess.Popen(
        command, env=target.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            process.send_signal(number)
            yield process
        finally:
            process.kill()


def test_logs_followed_end_with_the_container(target: Target, client: list[str]) -> None:
    target.docker("run", "-d", "--name", "talks", "busybox", "sh", "-c", "echo one; sleep 0.5; echo two")
    shown = subprocess.run(
        [*client, "logs", "-f", "talks"], env=target.env, capture_output=True, text=True, timeout=30
    )
    assert (shown.returncode, shown.stdout) == (0, "one\ntwo\n")


def test_a_reader_that_goes_away_ends_it(target: Target, client: list[str]) -> None:
    target.docker("run", "-d", "--name", "talks", "busybox", "sh", "-c", "yes; sleep 100")
    with subprocess.Popen(
        [*client, "logs", "-f", "talks"],
        env=target.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None and process.stderr is not None
            assert process.stdout.readline() == "y\n"
            process.stdout.close()
            assert process.wait(20 * PATIENCE) != 0
            assert "Traceback" not in process.stderr.read()
        finally:
            process.kill()


def test_a_terminal_is_as_it_was(target: Target, client: list[str]) -> None:
    """Raw while it lasts, and not afterwards, whichever way it ends."""
    inner = " ".join(client)
    runs = [f"{inner} run --rm -it busybox {program}; stty -g" for program in ("true", "nosuch")]
    script = "; ".join(["stty -g", *runs, "exit 0"])
    with terminal(["sh", "-c", script], target.env, columns=300) as shown:
        assert shown.end(30) == 0
    modes = {line.strip() for line in shown.shown.splitlines() if line.count(":") > 20}
    assert len(modes) == 1


def test_no_color(target: Target) -> None:
    dockerfile = b"FROM busybox\nRUN echo hi\n"
    for environment, colored in (({}, True), ({"NO_COLOR": "1"}, False)):
        command = ["sh", "-c", f"{sys.executable} -m hythe build - <<'E'\n{dockerfile.decode()}E\n"]
        with terminal(command, {**target.env, **environment}) as shown:
            assert shown.end(30) == 0
        assert ("\x1b[1m" in shown.shown or "\x1b[2m" in shown.shown) is colored
    piped = target.hythe("build", "-", stdin=dockerfile)
    assert "\x1b" not in piped.out + piped.err
