"""Variable substitution; the table follows the Dockerfile reference and POSIX where docker does."""

from __future__ import annotations

import pytest

from hythe.build.syntax.expand import expand, expand_text, expand_words
from hythe.build.syntax.position import Position, Word
from hythe.errors import SyntaxProblem

VALUES = {"foo": "bar", "empty": "", "path": "/a/b/c.tar.gz", "str": "foobarbaz", "two": "a b"}
AT = Position("Dockerfile", 3, 7)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("$foo", "bar"), ("${foo}", "bar"), ("${foo}_x", "bar_x"), ("$foo_x", ""), ("a$foo/b", "abar/b"),
        ("$unset", ""), ("${unset}", ""), ("$", "$"), ("a$", "a$"), ("$/x", "$/x"),
        ("\\$foo", "$foo"), ("\\${foo}", "${foo}"), ("\\\\$foo", "\\bar"), ("a\\b", "ab"),
        ("'$foo'", "$foo"), ('"$foo"', "bar"), ('"\\$foo"', "$foo"), ('"a\\b"', "a\\b"), ('"it\'s"', "it's"),
        ("'a\"b'", 'a"b'), ('a"b c"d', "ab cd"), ("'\\'", "\\"),
        ("${foo:-x}", "bar"), ("${unset:-x}", "x"), ("${empty:-x}", "x"), ("${empty-x}", ""),
        ("${unset-x}", "x"),
        ("${foo:+x}", "x"), ("${unset:+x}", ""), ("${empty:+x}", ""), ("${empty+x}", "x"), ("${unset+x}", ""),
        ("${unset:-$foo}", "bar"), ("${unset:-${unset:-deep}}", "deep"), ("${unset:-'a b'}", "a b"),
        ("${foo:?no}", "bar"), ("${foo?}", "bar"), ("${empty?}", ""),
        ("${str#f*b}", "arbaz"), ("${str##f*b}", "az"), ("${str%b*}", "foobar"), ("${str%%b*}", "foo"),
        ("${str/ba/fo}", "fooforbaz"), ("${str//ba/fo}", "fooforfoz"), ("${path##*/}", "c.tar.gz"),
        ("${path%.*}", "/a/b/c.tar"), ("$1", ""), ("${foo:-}", "bar"),
    ],
)  # fmt: skip
def test_expand(text: str, result: str) -> None:
    assert expand(Word(text, AT), VALUES) == result


@pytest.mark.parametrize(
    "text",
    [
        "${foo",
        "${}",
        "${:x}",
        "${{a}}",
        "${foo:x}",
        "'a",
        '"a',
        "${unset:?is needed}",
        "${empty:?}",
        "${foo@x}",
    ],
)
def test_malformed(text: str) -> None:
    with pytest.raises(SyntaxProblem) as caught:
        expand(Word(text, AT), VALUES)
    assert (caught.value.line, caught.value.column) == (3, 7)


def test_words() -> None:
    assert expand_words(Word("$two c", AT), VALUES) == ["a", "b", "c"]
    assert expand_words(Word('"$two" c', AT), VALUES) == ["a b", "c"]
    assert expand_words(Word("$unset", AT), VALUES) == []


def test_here_document_keeps_quotes() -> None:
    assert expand_text(Word("a '$foo' \"x\"\n\\$foo\n", AT), VALUES) == "a 'bar' \"x\"\n$foo\n"


def test_other_escape() -> None:
    assert expand(Word("`$foo\\x", AT), VALUES, "`") == "$foo\\x"
