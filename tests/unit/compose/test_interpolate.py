"""Variables, in files and in .env."""

from __future__ import annotations

import pytest

from hythe.compose.document import Place
from hythe.compose.dotenv import parse
from hythe.compose.interpolate import substitute
from hythe.errors import SyntaxProblem

VARIABLES = {"A": "a", "EMPTY": "", "B": "b"}


def expand(source: str) -> tuple[str, list[str]]:
    warnings: list[str] = []
    return substitute(source, VARIABLES, Place("f", 3, 4), warnings.append), warnings


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("x$A-${A}", "xa-a"),
        ("$$A", "$A"),
        ("${EMPTY:-d}${EMPTY-d}", "d"),
        ("${NO-d}${NO:-e}", "de"),
        ("${A:+x}${EMPTY:+x}${EMPTY+y}${NO+z}", "xy"),
        ("${NO:-${NO2:-$A}}", "a"),
        ("${NO:-a}b}", "ab}"),
        ("${A:?no}", "a"),
    ],
)
def test_substitution(source: str, result: str) -> None:
    assert expand(source) == (result, [])


def test_an_unset_variable_is_warned_of() -> None:
    assert expand("$NO") == ("", ['The "NO" variable is not set. Defaulting to a blank string.'])


@pytest.mark.parametrize("source", ["${NO:?must be}", "${EMPTY:?must be}", "${NO?must be}"])
def test_a_required_variable_is_required_at_its_place(source: str) -> None:
    with pytest.raises(SyntaxProblem, match="is missing a value: must be") as caught:
        expand(source)
    assert (caught.value.line, caught.value.column) == (3, 4)


@pytest.mark.parametrize("source", ["${A", "$1", "${}", "${A!x}", "100$"])
def test_malformed(source: str) -> None:
    with pytest.raises(SyntaxProblem):
        expand(source)


def test_dotenv() -> None:
    source = (
        '# comment\nexport X=1 # c\nY=\'lit $A # x\'\nZ="a\\n${X}"\nW: v\nA\nQ=\nM="two\nlines"\nU=$A/$Y\n'
    )
    found = parse(source, ".env", VARIABLES, lambda _: None)
    assert found == {
        "X": "1",
        "Y": "lit $A # x",
        "Z": "a\n1",
        "W": "v",
        "A": "a",
        "Q": "",
        "M": "two\nlines",
        "U": "a/lit $A # x",
    }


def test_dotenv_says_where() -> None:
    with pytest.raises(SyntaxProblem) as caught:
        parse("A=1\n=2\n", ".env", {}, lambda _: None)
    assert caught.value.line == 2
