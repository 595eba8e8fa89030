from __future__ import annotations

import pytest

from hythe.cli.commands import ALIASES, GROUPS, SUBCOMMANDS, top_level
from hythe.cli.copy import split
from hythe.cli.detach import DetachWatch, detach_bytes
from hythe.cli.failure import UsageProblem
from hythe.cli.helptext import overview
from hythe.cli.parsing import Parser, filters
from hythe.cli.run_flags import CommandOptions, container_flags
from hythe.cli.session import Session
from hythe.client.when import moment
from hythe.errors import InvalidArgument, Unsupported


def read(*argv: str) -> CommandOptions:
    parser = Parser(Session(), "run", "", "")
    parser.flag("-d", "--detach")
    container_flags(parser)
    return parser.read(argv, CommandOptions())


def test_flags_end_where_the_command_begins() -> None:
    options = read("--rm", "-it", "busybox", "ls", "--rm=true", "-la", "--", "x")
    assert (options.rm, options.interactive, options.tty) == (True, True, True)
    assert options.image == "busybox"
    assert options.command == ["ls", "--rm=true", "-la", "--", "x"]


def test_values_of_every_form() -> None:
    options = read(
        "-e", "A=b c", "-eB=1", "--env=C=2", "-p80:80", "-dm", "64m", "--entrypoint", "", "i", "-x"
    )
    assert options.env == ["A=b c", "B=1", "C=2"]
    assert options.publish == ["80:80"]
    assert options.detach
    assert options.memory == "64m"
    assert options.entrypoint == ""
    assert options.command == ["-x"]


def test_values_with_a_dash() -> None:
    options = read("--memory-swap", "-1", "--pids-limit", "-1", "--entrypoint", "-x", "i")
    assert (options.memory_swap, options.pids_limit, options.entrypoint) == ("-1", -1, "-x")


def test_booleans_with_a_value() -> None:
    assert not read("--rm=false", "-d=true", "i").rm
    assert read("-d=true", "i").detach
    with pytest.raises(UsageProblem):
        read("--rm=maybe", "i")


def test_what_is_out_of_reach_is_refused_by_name() -> None:
    with pytest.raises(Unsupported, match="--gpus"):
        read("--gpus", "all", "i")


@pytest.mark.parametrize("argv", [["--nope", "i"], [], ["--stop-timeout", "x", "i"]])
def test_mistakes(argv: list[str]) -> None:
    with pytest.raises(UsageProblem):
        read(*argv)


def test_filters() -> None:
    assert filters(["label=a=b", "label=c", "name=x"]) == {"label": ["a=b", "c"], "name": ["x"]}
    with pytest.raises(UsageProblem):
        filters(["x"])


def test_commands_are_consistent() -> None:
    assert len(top_level()) == sum(len(group) for group in GROUPS.values())
    assert all(target in SUBCOMMANDS[noun] for (noun, _), target in ALIASES.items())
    text = overview()
    assert all(f"  {name} " in text for name in top_level())


def test_detach_keys() -> None:
    assert detach_bytes(None) == b"\x10\x11"
    assert detach_bytes("ctrl-@,a") == b"\x00a"
    watch = DetachWatch(None)
    watch.feed(b"abc\x10")
    assert not watch.done
    watch.feed(b"\x10\x11")
    assert watch.done
    with pytest.raises(InvalidArgument):
        detach_bytes("ctrl-")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a:/b", ("a", "/b")),
        ("/a:b", ("", "/a:b")),
        ("./a:b", ("", "./a:b")),
        ("a", ("", "a")),
        ("a:", ("a", "/")),
    ],
)
def test_where_a_path_is(text: str, parts: tuple[str, str]) -> None:
    assert split(text) == parts


def test_points_in_time() -> None:
    assert moment("10m", now=1000 * 10**9) == "400.000000000"
    assert moment("1700000000") == "1700000000.000000000"
    assert moment("2023-11-14T22:13:20Z") == "1700000000.000000000"
    assert moment(None) is None
    with pytest.raises(InvalidArgument):
        moment("yesterday")
