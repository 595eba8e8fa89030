"""The Dockerfile parser: what it accepts, and where its errors point."""

from __future__ import annotations

import pytest

from hythe.build.syntax.nodes import Arg, Assign, Healthcheck, Onbuild, Run, Start, Text, Transfer, Words
from hythe.build.syntax.parser import parse
from hythe.errors import SyntaxProblem, Unsupported


def steps(text: str) -> list[object]:
    return list(parse("FROM scratch\n" + text).stages[0].steps)


def test_stages_arguments_and_platform() -> None:
    found = parse(
        "# syntax=docker/dockerfile:1\nARG V=1\nFROM --platform=linux/amd64 base:$V AS Build\nFROM scratch\n"
    )
    assert [item.text for argument in found.arguments for item, _ in argument.items] == ["V"]
    assert found.stages[0].base.alias == "build"
    assert found.stages[0].base.image.text == "base:$V"
    assert found.stages[0].base.platform is not None
    assert found.stages[0].base.platform.text == "linux/amd64"
    assert found.stages[1].base.image.text == "scratch"


def test_continuation_drops_comments_and_empty_lines() -> None:
    found = parse("FROM scratch\nRUN echo a \\\n# a comment\n\n  b \\ \n  c\n")
    run = found.stages[0].steps[0]
    assert isinstance(run, Run)
    assert run.command.words == ("echo a   b   c",)
    assert len(found.warnings) == 1


def test_a_double_escape_at_the_end_does_not_continue() -> None:
    first, second = steps("RUN echo a\\\\\nRUN b\n")
    assert isinstance(first, Run)
    assert isinstance(second, Run)
    assert first.command.words == ("echo a\\\\",)


def test_escape_directive() -> None:
    found = parse("# escape=`\nFROM scratch\nCOPY a `\n  c:\\\n").stages[0].steps[0]
    assert isinstance(found, Transfer)
    assert found.destination.text == "c:\\"


def test_crlf_and_byte_order_mark() -> None:
    found = parse("\ufeffFROM scratch\r\nENV a=b \\\r\n  c=d\r\n").stages[0].steps[0]
    assert isinstance(found, Assign)
    assert [(name.text, value.text) for name, value in found.pairs] == [("a", "b"), ("c", "d")]


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("ENV a=b", [("a", "b")]),
        ("ENV a b c", [("a", "b c")]),
        ("ENV a=\"b c\" d='e f' g=h\\ i", [("a", '"b c"'), ("d", "'e f'"), ("g", "h\\ i")]),
        ("ENV a=", [("a", "")]),
        ('LABEL "x.y"="z"', [('"x.y"', '"z"')]),
        ('ENV a="say \\"hi\\" now"', [("a", '"say \\"hi\\" now"')]),
    ],
)
def test_assignments(text: str, pairs: list[tuple[str, str]]) -> None:
    found = steps(text)[0]
    assert isinstance(found, Assign)
    assert [(name.text, value.text) for name, value in found.pairs] == pairs


def test_arg_with_several_names() -> None:
    found = steps("ARG a b=c")[0]
    assert isinstance(found, Arg)
    assert [(name.text, value.text if value else None) for name, value in found.items] == [
        ("a", None),
        ("b", "c"),
    ]


def test_exec_and_shell_forms() -> None:
    exec_form, shell_form, almost, entry = steps('CMD ["a", "b"]\nCMD a b\nCMD [a, b]\nENTRYPOINT []')
    assert isinstance(exec_form, Start)
    assert exec_form.command.words == ("a", "b")
    assert not exec_form.command.shell
    assert isinstance(shell_form, Start)
    assert shell_form.command.shell
    assert isinstance(almost, Start)
    assert almost.command.words == ("[a, b]",)
    assert isinstance(entry, Start)
    assert entry.command.words == ()


def test_heredoc_script_and_input() -> None:
    script, command = steps("RUN <<EOF\necho 1\n  # kept\n\necho 2\nEOF\nRUN cat <<-'X' > /f\n\ta $b\n\tX\n")
    assert isinstance(script, Run)
    assert script.heredocs[0].content == "echo 1\n  # kept\n\necho 2\n"
    assert script.heredocs[0].expand
    assert isinstance(command, Run)
    assert command.heredocs[0].content == "a $b\n"
    assert not command.heredocs[0].expand


def test_copy_heredocs_are_sources() -> None:
    found = steps("COPY <<a.txt <<b.txt x /d/\n1\na.txt\n2\nb.txt\n")[0]
    assert isinstance(found, Transfer)
    assert [item.name for item in found.inline] == ["a.txt", "b.txt"]
    assert [item.text for item in found.sources] == ["x"]


@pytest.mark.parametrize("command", ["echo $((1<<2))", "cat <<<x", 'echo "a <<EOF"', "echo it's"])
def test_not_heredocs(command: str) -> None:
    found = steps(f"RUN {command}\nUSER x")
    assert isinstance(found[0], Run)
    assert not found[0].heredocs
    assert isinstance(found[1], Text)


def test_transfer_flags() -> None:
    found = steps(
        'COPY --from=0 --chown=a:b --chmod=755 --exclude=*.o --exclude=x --link --parents ["a b", "c/"]'
    )
    copy = found[0]
    assert isinstance(copy, Transfer)
    assert copy.source_stage is not None
    assert copy.source_stage.text == "0"
    assert copy.link
    assert copy.parents
    assert [word.text for word in copy.exclude] == ["*.o", "x"]
    assert copy.sources[0].text == "a b"


def test_run_mounts() -> None:
    run = steps("RUN --mount=type=cache,dst=/c,id=x --mount=target=/src,ro --network=none make")[0]
    assert isinstance(run, Run)
    assert [(mount.type, {key: word.text for key, word in mount.fields.items()}) for mount in run.mounts] == [
        ("cache", {"target": "/c", "id": "x"}),
        ("bind", {"target": "/src", "readonly": ""}),
    ]
    assert run.network == "none"


def test_healthcheck() -> None:
    none, shell, exec_form = steps(
        'HEALTHCHECK NONE\nHEALTHCHECK --interval=5m --retries=2 CMD curl -f x\nHEALTHCHECK CMD ["a"]'
    )
    assert isinstance(none, Healthcheck)
    assert none.test == ("NONE",)
    assert isinstance(shell, Healthcheck)
    assert shell.test == ("CMD-SHELL", "curl -f x")
    assert shell.interval == 300 * 10**9
    assert isinstance(exec_form, Healthcheck)
    assert exec_form.test == ("CMD", "a")


def test_onbuild_and_words() -> None:
    onbuild, expose, volume = steps('onbuild run echo hi\nEXPOSE 80 443/tcp\nVOLUME ["/a", "/b c"]')
    assert isinstance(onbuild, Onbuild)
    assert onbuild.trigger == "run echo hi"
    assert isinstance(expose, Words)
    assert isinstance(volume, Words)
    assert [word.text for word in volume.values] == ["/a", "/b c"]


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("", 1, 1, "empty"),
        ("RUN x\n", 1, 1, "before the first FROM"),
        ("FROM a\nRUM x\n", 2, 1, "unknown instruction: RUM (did you mean RUN?)"),
        ("FROM a\n  COYP a b\n", 2, 3, "did you mean COPY?"),
        ("FROM a b\n", 1, 8, "one or three"),
        ("FROM a AS 1x\n", 1, 11, "invalid name for build stage"),
        ("FROM a\nCOPY x\n", 2, 1, "at least two arguments"),
        ("FROM a\nCOPY --form=x a b\n", 2, 6, "did you mean --from?"),
        ("FROM a\nENV a=b \\\n  c\n", 3, 3, "can't find = in 'c'"),
        ("FROM a\nENV\n", 2, 1, "at least one argument"),
        ("FROM a\nRUN <<EOF\nx\n", 2, 5, "unterminated here-document <<EOF"),
        ("FROM a\nHEALTHCHECK --interval=1 CMD x\n", 2, 24, "invalid duration"),
        ("FROM a\nHEALTHCHECK COMMAND x\n", 2, 13, "unknown type"),
        ("FROM a\nONBUILD FROM b\n", 2, 9, "FROM isn't allowed"),
        ("FROM a\nONBUILD ONBUILD RUN b\n", 2, 9, "chaining"),
        ("FROM a\nONBUILD RUM b\n", 2, 9, "did you mean RUN?"),
        ("FROM a\nCMD [1]\n", 2, 5, "arrays must be comprised of strings"),
        ("FROM a\nSHELL /bin/sh\n", 2, 7, "JSON form"),
        ("FROM a\nRUN --mount=type=cash,target=/x y\n", 2, 13, "unsupported mount type"),
        ("FROM a\nRUN --mount=type=cache,taget=/x y\n", 2, 24, "did you mean target?"),
        ("FROM a\nRUN --network=lan y\n", 2, 15, "unsupported network mode"),
        ("FROM a\nCOPY --from=$X a b\n", 2, 13, "variables are not replaced"),
        ("# escape=x\nFROM a\n", 1, 1, "invalid escape token"),
        ("# escape=`\n# escape=`\nFROM a\n", 2, 1, "only one escape"),
    ],
)
def test_mistakes_point_at_themselves(text: str, line: int, column: int, says: str) -> None:
    with pytest.raises(SyntaxProblem) as caught:
        parse(text, "Dockerfile")
    assert says in str(caught.value)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert str(caught.value).startswith(f"Dockerfile:{line}:{column}: ")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("# syntax=example.com/other\nFROM a\n", "another frontend"),
        ("FROM a\nRUN --security=insecure x\n", "--security"),
        ("FROM a\nRUN --mount=type=ssh x\n", "ssh"),
        ("FROM a\nADD --keep-git-dir=true a b\n", "--keep-git-dir"),
    ],
)
def test_refused_by_name(text: str, says: str) -> None:
    with pytest.raises(Unsupported, match=says):
        parse(text)
