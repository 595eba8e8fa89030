"""Containers with a terminal: prompt, size, Ctrl-C, detaching and coming back; for run, attach and exec."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.parity.serving import idle
from tests.targets import Target
from tests.terminal import Terminal, terminal
from tests.waiting import wait_until

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("tidy")]

SHELL = ["busybox", "sh"]
DETACH = "\x10\x11"  # ctrl-p ctrl-q


@contextmanager
def docker(target: Target, *arguments: str) -> Iterator[Terminal]:
    """The docker CLI under a terminal of 24 rows and 80 columns."""
    with terminal(["docker", *arguments], target.env) as session:
        yield session


def ask(session: Terminal, command: str, answer: str) -> None:
    """Type a command and wait for its answer; the echo of the command does not hold it."""
    assert answer not in command
    session.type(f"{command}\n")
    session.expect(answer)


def status(target: Target, name: str) -> str:
    found: str = target.inspect(name)["State"]["Status"]
    return found


def test_a_shell_has_a_prompt_a_terminal_and_its_exit_code(target: Target) -> None:
    with docker(target, "run", "-it", "--rm", *SHELL) as session:
        session.expect("# ")
        ask(session, "tty", "/dev/pts/0")
        ask(session, "echo $((20+3)) $TERM", "23 xterm")
        ask(session, "[ -t 0 ] && [ -t 2 ] && echo t''ty", "tty\r\n")
        session.type("exit 5\n")
        assert session.end() == 5


def test_end_of_input_ends_the_shell(target: Target) -> None:
    with docker(target, "run", "-it", "--rm", *SHELL) as session:
        session.expect("# ")
        session.type("\x04")
        assert session.end() == 0


@pytest.mark.parametrize("way", ["run", "exec"])
def test_the_size_is_that_of_the_terminal_and_follows_it(target: Target, way: str) -> None:
    idle(target, "other")
    arguments = {"run": ["run", "-it", "--rm", *SHELL], "exec": ["exec", "-it", "other", "sh"]}[way]
    with docker(target, *arguments) as session:
        session.expect("# ")
        ask(session, "while [ \"$(stty size)\" != '24 80' ]; do sleep 0.05; done; echo fi''rst", "first")
        session.resize(40, 100)
        ask(session, "while [ \"$(stty size)\" != '40 100' ]; do sleep 0.05; done; echo sec''ond", "second")
        session.type("exit\n")
        assert session.end() == 0


def test_a_program_is_told_of_a_new_size(target: Target) -> None:
    script = "trap 'stty size' WINCH; echo re''ady; while :; do sleep 0.05; done"
    with docker(target, "run", "-it", "--rm", "--name", "watcher", *SHELL, "-c", script) as session:
        session.expect("ready")

        def told() -> bool:  # the CLI may not yet listen to the first signal
            session.resize(33, 99)
            return session.shows("33 99", 0.5)

        wait_until(told)
        target.docker("rm", "-f", "watcher")
        session.end()


@pytest.mark.parametrize("way", ["run", "exec"])
def test_control_c_interrupts_what_runs_in_front(target: Target, way: str) -> None:
    idle(target, "other")
    arguments = {"run": ["run", "-it", "--rm", *SHELL], "exec": ["exec", "-it", "other", "sh"]}[way]
    with docker(target, *arguments) as session:
        session.expect("# ")
        session.type("sh -c \"echo be''gun; exec sleep 100\"\n")
        session.expect("begun")
        session.type("\x03")
        session.expect("# ")
        ask(session, "echo code $?", "code 130")
        session.type("exit 0\n")
        assert session.end() == 0


def test_without_a_terminal_control_c_is_a_signal_to_the_program(target: Target) -> None:
    script = "trap 'echo asked; exit 7' INT; echo ready; while :; do sleep 0.05; done"
    with docker(target, "run", "--rm", *SHELL, "-c", script) as session:
        session.expect("ready")
        session.type("\x03")
        session.expect("asked")
        assert session.end() in (7, 130)  # the CLI ends by itself when the answer comes too late


def test_detach_and_attach_again(target: Target) -> None:
    with docker(target, "run", "-it", "--name", "back", *SHELL) as session:
        session.expect("# ")
        ask(session, "kept=yes; echo be''fore", "before")
        session.type(DETACH)
        assert session.end() == 0
    assert status(target, "back") == "running"
    with docker(target, "attach", "back") as session:
        ask(session, "echo still $kept", "still yes")
        session.type("exit 3\n")
        assert session.end() == 3
    assert status(target, "back") == "exited"
    assert "still yes" in target.docker("logs", "back").out


def test_other_detach_keys(target: Target) -> None:
    with docker(target, "run", "-it", "--name", "back", "--detach-keys", "ctrl-x,q", *SHELL) as session:
        session.expect("# ")
        session.type(DETACH)  # means nothing now
        ask(session, "echo he''re", "here")
        session.type("\x18q")
        assert session.end() == 0
    assert status(target, "back") == "running"


def test_half_of_the_keys_go_to_the_program(target: Target) -> None:
    with docker(
        target, "run", "-it", "--rm", "--detach-keys", "a,b", *SHELL, "-c", "read x; echo got $x"
    ) as session:
        session.type("xac\n")
        session.expect("got xac")
        assert session.end() == 0


def test_leaving_an_exec_leaves_it_running(target: Target) -> None:
    idle(target, "other")
    with docker(target, "exec", "-it", "other", "sh", "-c", "echo re''ady; sleep 1000") as session:
        session.expect("ready")
        session.type(DETACH)
        session.end()
    wait_until(lambda: "sleep 1000" in target.docker("exec", "other", "ps").out)
    assert target.docker("top", "other").out.count("sleep 1000") >= 2  # the container's own, and the exec's


def test_two_attached_see_the_same(target: Target) -> None:
    with docker(target, "run", "-it", "--name", "shared", *SHELL) as first:
        first.expect("# ")
        with docker(target, "attach", "shared") as second:
            second.type("\n")
            second.expect("# ")
            ask(second, "echo for b''oth", "for both")
            first.expect("for both")
            first.type("exit 4\n")
            assert (first.end(), second.end()) == (4, 4)


def test_input_that_is_no_terminal_is_refused_for_it(target: Target) -> None:
    done = target.docker("run", "-it", "--rm", *SHELL)
    assert done.code != 0 and "not a TTY" in done.err
    alone = target.docker("run", "-t", "--rm", "busybox", "tty")
    assert (alone.code, alone.out) == (0, "/dev/pts/0\r\n")
