"""Flags in runc's notations."""

from __future__ import annotations

import pytest

from hythe.errors import InvalidArgument
from hythe.runtime.command import execflags, flags, signals, update
from hythe.runtime.command.flags import Flag, Misused, parse

TABLE: tuple[Flag, ...] = (
    ("bundle b", "text", ""),
    ("env e", "many", ""),
    ("preserve-fds", "number", ""),
    ("force f", "switch", ""),
)


@pytest.mark.parametrize("words", [["-b", "x"], ["--bundle", "x"], ["-bundle=x"], ["--b=x"]])
def test_one_dash_or_two_apart_or_with_an_equals_sign(words: list[str]) -> None:
    assert parse(TABLE, words, mixed=True)[0]["bundle"] == "x"


def test_values_have_their_kinds() -> None:
    given, others = parse(TABLE, ["-e", "A=1", "id", "-e=B=2", "--preserve-fds", "3", "-f"], mixed=True)
    assert (given["env"], given["preserve_fds"], given["force"], others) == (["A=1", "B=2"], 3, True, ["id"])
    assert given["given"] == {"env", "preserve_fds", "force"}


def test_what_follows_a_program_is_its_own() -> None:
    assert parse(TABLE, ["-f", "id", "ls", "-f"], mixed=False)[1] == ["id", "ls", "-f"]
    assert parse(TABLE, ["--", "-f"], mixed=True)[1] == ["-f"]


def test_a_dash_alone_is_a_value() -> None:
    assert parse(TABLE, ["-b", "-"], mixed=True)[0]["bundle"] == "-"


@pytest.mark.parametrize("words", [["--none"], ["-b"], ["--preserve-fds", "x"], ["--force=maybe"]])
def test_mistakes(words: list[str]) -> None:
    with pytest.raises(Misused):
        parse(TABLE, words, mixed=True)


@pytest.mark.parametrize(
    ("text", "number"), [("9", 9), ("KILL", 9), ("SIGKILL", 9), ("sigterm", 15), ("RTMIN+3", 37), ("0", 0)]
)
def test_signals(text: str, number: int) -> None:
    assert signals.number(text) == number


@pytest.mark.parametrize("text", ["65", "NONE", "", "-1", "_DFL", "KILL+x"])
def test_no_signals(text: str) -> None:
    with pytest.raises(InvalidArgument):
        signals.number(text)


def test_update_takes_what_was_given_and_no_more() -> None:
    given, _ = parse(
        update.FLAGS, ["--memory", "64M", "--pids-limit", "-1", "--cpuset-cpus", "0-1"], mixed=True
    )
    assert update.from_flags(given) == {
        "memory": {"limit": 64 << 20},
        "pids": {"limit": -1},
        "cpu": {"cpus": "0-1"},
    }


def test_a_user_by_name_is_refused() -> None:
    options, _ = flags.parse(execflags.FLAGS, ["--user", "nobody"], mixed=False)
    with pytest.raises(InvalidArgument, match="not looked up"):
        execflags._user({}, options)
