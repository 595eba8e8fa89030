from __future__ import annotations

import shutil
import subprocess

import pytest

from hythe.cli.completion import values
from hythe.cli.completion.engine import complete
from hythe.cli.completion.script import SHELLS, _words


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """No daemon answers."""
    monkeypatch.setenv("HYTHE_HOST", "unix:///nonexistent/hythe.sock")


def texts(*words: str) -> list[str]:
    return [text for text, _ in complete(words).candidates]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["vers"], ["version"]),
        (["network", "re"], []),
        (["network", "r"], ["rm"]),
        (["help", "vers"], ["version"]),
        (["--conf"], ["--config"]),
        (["-l", "w"], ["warn"]),
        (["--log-level", "w"], ["warn"]),
        (["ps", "--no"], ["--no-trunc"]),
        (["container", "ps", "--no"], ["--no-trunc"]),
        (["-D", "-H", "unix:///x", "ps", "--no"], ["--no-trunc"]),
        (["run", "--restart", "on"], ["on-failure"]),
        (["run", "--restart=on"], ["--restart=on-failure"]),
        (["run", "-it", "--pull", "al"], ["always"]),
        (["run", "busybox", "--no"], []),
        (["run", "--gpu"], []),
        (["ps", "-f", "stat"], ["status="]),
        (["network", "create", "-d", "mac"], ["macvlan"]),
        (["kill", "-s", "US"], ["USR1", "USR2"]),
        (["completion", "f"], ["fish"]),
        (["compose", "ps", "--for"], ["--format"]),
        (["compose", "ver"], ["version"]),
        (["swarm", "i"], []),
        (["stop", ""], []),
    ],
)
def test_what_can_stand_there(words: list[str], found: list[str]) -> None:
    assert texts(*words) == found


@pytest.mark.parametrize(
    ("words", "then"),
    [
        (["load", "-i", ""], "files"),
        (["build", ""], "directories"),
        (["run", "busybox", ""], "files"),
        (["ps", "-f", "stat"], "nospace"),
        (["run", "-v", "/et"], "files"),
        (["cp", "/et"], "files"),
        (["ps", ""], ""),
    ],
)
def test_what_the_shell_has_to_do(words: list[str], then: str) -> None:
    assert complete(words).then == then


def test_every_short_list_belongs_to_a_flag() -> None:
    assert all(name.startswith("--") and words for name, words in values._WORDS.items())


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("hythe ", [""]),
        ("hythe ps", ["ps"]),
        ("hythe run 'a b", ["run", "a b"]),
        ("hythe run a\\ b ", ["run", "a b", ""]),
    ],
)
def test_bash_gives_a_line(line: str, words: list[str]) -> None:
    assert _words(line) == words


@pytest.mark.parametrize("shell", SHELLS)
def test_the_scripts_are_ones(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    from hythe.cli.main import main

    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    program = shutil.which(shell)
    if program is not None:  # where it is not, tests/outside says so
        subprocess.run([program, "-n"], input=script, text=True, check=True)
