"""Path patterns and .dockerignore; cases as moby's patternmatcher and Go's filepath.Match decide them."""

from __future__ import annotations

import pytest

from hythe.build.ignore import parse
from hythe.build.patterns import compile_pattern
from hythe.errors import InvalidArgument


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("abc", "abc", True), ("*", "abc", True), ("*c", "abc", True), ("a*", "ab/c", False),
        ("a*/b", "abc/b", True),
        ("a*/b", "a/c/b", False), ("a?c", "abc", True), ("a?c", "a/c", False),
        ("ab[c]", "abc", True),
        ("ab[b-d]", "abc", True), ("ab[e-g]", "abc", False), ("ab[^c]", "abc", False),
        ("ab[^e-g]", "abc", True),
        ("a\\*b", "a*b", True), ("a\\*b", "ab", False), ("[\\]a]", "]", True), ("[\\-x]", "-", True),
        ("a[^a]b", "a/b", False), ("*x", "xxx", True), ("**", "a/b/c", True), ("**/", "a/b", True),
        ("**/b", "a/b", True), ("**/b", "b", True), ("**/b", "a/xb", False),
        ("a/**", "a/b/c", True),
        ("a/**", "a", False), ("a/**/d", "a/b/c/d", True), ("a/**/d", "a/d", True),
        ("**.txt", "a/b.txt", True),
        ("**/*.go", "x/y/z.go", True), ("**/*.go", "z.go", True), ("a.c", "abc", False),
        ("a+(b)|c", "a+(b)|c", True),
        ("dir/**", ".dir/file", False), ("**/\u1111", "x/\u1111", True),
    ],
)  # fmt: skip
def test_patterns(pattern: str, path: str, matches: bool) -> None:
    assert bool(compile_pattern(pattern).fullmatch(path)) is matches


@pytest.mark.parametrize("pattern", ["[", "[a", "[]a]", "[-]", "[x-]", "[-x]", "a[", "a\\", "[b-a]"])
def test_bad_patterns(pattern: str) -> None:
    with pytest.raises(InvalidArgument):
        compile_pattern(pattern)


@pytest.mark.parametrize(
    ("lines", "path", "out"),
    [
        ("node_modules", "node_modules/a/b", True),
        ("node_modules", "x/node_modules", False),
        ("**/node_modules", "x/node_modules/y", True),
        ("/foo/", "foo/bar", True),
        ("  foo  ", "foo", True),
        ("# foo", "# foo", False),
        ("*\n!keep", "keep", False),
        ("*\n!keep", "keep/a", False),
        ("*\n!keep\nkeep/secret", "keep/secret", True),
        ("*.md\n!README.md", "README.md", False),
        ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", True),
        ("docs\n!docs/README.md", "docs/other", True),
        ("docs\n!docs/README.md", "docs/README.md", False),
        ("!x", "x", False),
        ("./a/../b", "b", True),
        ("**", "anything/at/all", True),
    ],
)
def test_dockerignore(lines: str, path: str, out: bool) -> None:
    assert parse(lines).excluded(path) is out


def test_lonely_exclamation_mark() -> None:
    with pytest.raises(InvalidArgument, match="illegal exclusion"):
        parse("!\n")


def test_prunable() -> None:
    assert parse("a").prunable("a")
    assert not parse("a\n!a/b").prunable("a")
