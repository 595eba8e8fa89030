"""Instructions that only describe: settings and history lines; argument scope."""

from __future__ import annotations

import pytest

from hythe.build.arguments import Scope, unused
from hythe.build.describe import Describer
from hythe.build.owners import parse_mode
from hythe.build.settings import Settings
from hythe.build.syntax.parser import parse
from hythe.errors import InvalidArgument, SyntaxProblem


def apply(
    text: str,
    given: dict[str, str] | None = None,
    outer: dict[str, str] | None = None,
    base: Settings | None = None,
) -> tuple[Describer, list[str]]:
    describer = Describer(base or Settings(), Scope(given or {}, outer or {}), "\\")
    steps = parse("FROM scratch\n" + text).stages[0].steps
    return describer, [describer.apply(step) for step in steps]


def test_env_sees_the_values_before_its_line() -> None:
    found, comments = apply("ENV abc=hello\nENV abc=bye def=$abc\nENV ghi=$abc")
    assert found.settings.env == ["abc=bye", "def=hello", "ghi=bye"]
    assert comments[1] == "ENV abc=bye def=hello"


def test_env_wins_over_arg() -> None:
    found, _ = apply("ARG V=1\nENV V=2\nLABEL v=$V", given={"V": "3"})
    assert found.settings.labels == {"v": "2"}


def test_arg_values() -> None:
    found, comments = apply(
        "ARG a\nARG b=x\nARG c=y\nARG d", given={"c": "z"}, outer={"a": "outer", "b": "o"}
    )
    assert found.scope.values() == {"a": "outer", "b": "x", "c": "z"}
    assert comments == ["ARG a", "ARG b=x", "ARG c=y", "ARG d"]


def test_arg_out_of_scope_before_its_line() -> None:
    found, _ = apply("LABEL a=${V:-none}\nARG V\nLABEL b=$V", given={"V": "1"})
    assert found.settings.labels == {"a": "none", "b": "1"}


def test_proxies_reach_run_without_arg() -> None:
    scope = Scope({"HTTP_PROXY": "p", "X": "y"}, {})
    assert scope.for_run({}) == ({}, {"HTTP_PROXY": "p"})
    scope.declare("HTTP_PROXY", None)
    assert scope.for_run({}) == ({"HTTP_PROXY": "p"}, {})
    assert unused({"X": "y", "no_proxy": "z", "Y": "1"}, {"Y"}) == ["X"]


def test_entrypoint_resets_an_inherited_command_only() -> None:
    inherited = Settings(command=["sh"])
    found, _ = apply('ENTRYPOINT ["/x"]', base=inherited)
    assert found.settings.command is None
    own, _ = apply('CMD ["a"]\nENTRYPOINT ["/x"]')
    assert own.settings.command == ["a"]


def test_shell_form_uses_shell() -> None:
    found, comments = apply('SHELL ["/bin/bash", "-c"]\nCMD echo $X\nENTRYPOINT run it')
    assert found.settings.command == ["/bin/bash", "-c", "echo $X"]
    assert found.settings.entrypoint == ["/bin/bash", "-c", "run it"]
    assert comments[1] == 'CMD ["/bin/bash" "-c" "echo $X"]'


def test_workdir_is_relative_to_the_last() -> None:
    found, _ = apply("ENV D=x\nWORKDIR /a\nWORKDIR b/$D\nWORKDIR ../c/")
    assert found.settings.working_dir == "/a/b/c"


def test_expose_volume_user_signal() -> None:
    found, _ = apply(
        "EXPOSE 80 53/UDP 8000-8002\nVOLUME /a /b\nUSER app:staff\nSTOPSIGNAL SIGQUIT\nVOLUME /a"
    )
    assert found.settings.exposed == ["80/tcp", "53/udp", "8000/tcp", "8001/tcp", "8002/tcp"]
    assert found.settings.volumes == ["/a", "/b"]
    assert (found.settings.user, found.settings.stop_signal) == ("app:staff", "SIGQUIT")


@pytest.mark.parametrize(
    "text",
    ["EXPOSE 0", "EXPOSE 70000", "EXPOSE 80/ftp", "EXPOSE 9-3",
     "STOPSIGNAL SIGFOO", "STOPSIGNAL 99",
     "USER 4294967296", "USER $nothing", "WORKDIR ${x", "ENV $nothing=1"],
)  # fmt: skip
def test_mistakes(text: str) -> None:
    with pytest.raises(SyntaxProblem) as caught:
        apply(text)
    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("text", "mode", "directory", "result"),
    [
        ("644", 0o777, False, 0o644), ("4755", 0, False, 0o4755), ("u+x", 0o644, False, 0o744),
        ("u=rwX,go=rX", 0o640, False, 0o644), ("u=rwX,go=rX", 0o640, True, 0o755),
        ("a-w", 0o666, False, 0o444),
        ("+t", 0o777, True, 0o1777), ("g+s", 0o755, True, 0o2755), ("o=", 0o777, False, 0o770),
    ],
)  # fmt: skip
def test_chmod(text: str, mode: int, directory: bool, result: int) -> None:
    assert parse_mode(text)(mode, directory) == result


@pytest.mark.parametrize("text", ["", "999", "u+y", "rwx", "77777"])
def test_bad_chmod(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_mode(text)
