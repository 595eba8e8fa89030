"""What is told from the words of another runtime: the command line, its last error, docker's exit code."""

from __future__ import annotations

import pytest

from hythe.runtime.foreign.program import cannot_start, command, last_error
from hythe.runtime.protocol import Program

RUNC: Program = {"name": "runc", "path": "/usr/sbin/runc", "args": ["--debug"]}


def test_the_command_line() -> None:
    argv = command(RUNC, "/s", "/l", ["start", "id"])
    assert argv == "/usr/sbin/runc --debug --root /s --log /l --log-format json start id".split()


@pytest.mark.parametrize(
    ("log", "printed", "error"),
    [
        ("", "", ""),
        ("", "one\ntwo\n", "two"),
        (
            '{"level":"warning","msg":"w"}\n{"level":"error","msg":"why"}\n{"level":"info","msg":"i"}',
            "x",
            "why",
        ),
        ('{"level":"error","msg":"first"}\n{"level":"error","msg":"last"}\n', "", "last"),
        ('not json\n["list"]\n', "printed", "printed"),
        ('{"level":"error","msg":"cut', "printed", "printed"),
    ],
)
def test_the_last_error(log: str, printed: str, error: str) -> None:
    assert last_error(log, printed) == error


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ('unable to start container process: exec: "x": executable file not found in $PATH', 127),
        ('unable to start container process: exec: "/x": stat /x: no such file or directory', 127),
        ('unable to start container process: exec: "/etc/passwd": permission denied', 126),
        ('exec: "/tmp": is a directory', 126),
        ("mount /x: no such file or directory", 125),
        ("it ended with signal 9", 125),
    ],
)
def test_exit_codes_are_dockers(reason: str, code: int) -> None:
    error = cannot_start(RUNC, "create", reason)
    assert error.exit_code == code
    assert str(error) == f"OCI runtime create failed: runc: {reason}"


@pytest.mark.parametrize(
    ("reason", "code", "words"),
    [
        (
            "executable file `x` not found in $PATH: No such file or directory",
            127,
            "executable file not found",
        ),
        ("open executable: Permission denied", 126, "permission denied"),
    ],
)
def test_docker_clients_find_their_words(reason: str, code: int, words: str) -> None:
    """crun has others."""
    error = cannot_start(RUNC, "create", reason)
    assert error.exit_code == code
    assert reason in str(error) and words in str(error)
