"""YAML 1.2 scalars, positions, merge keys, refusals."""

from __future__ import annotations

import pytest

from hythe.compose.document import Table, plain
from hythe.compose.yamlfile import parse
from hythe.errors import SyntaxProblem, Unsupported


def one(source: str) -> Table:
    (value,) = parse(source, "f.yaml")
    assert isinstance(value, Table)
    return value


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("22:22", "22:22"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("010", 10),
        ("0x1f", 31),
        ("0o17", 15),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("2026-01-01", "2026-01-01"),
        ("~", None),
        ("'1'", "1"),
        ("!!str 1", "1"),
        ("1_000", "1_000"),
    ],
)
def test_scalars_are_yaml_1_2(written: str, value: object) -> None:
    assert plain(one(f"a: {written}")) == {"a": value}


def test_places_count_from_one() -> None:
    table = one("a: 1\nb:\n  c: x\n")
    inner = table.entries["b"]
    assert isinstance(inner, Table)
    assert (inner.where("c").line, inner.where("c").column) == (3, 3)
    assert (inner.entries["c"].place.line, inner.entries["c"].place.column) == (3, 6)


def test_merge_keys_give_way_to_own_ones_and_to_earlier_ones() -> None:
    source = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz:\n  <<: [*x, *y]\n  a: 3\n"
    assert plain(one(source))["z"] == {"a": 3, "b": 1, "c": 2}


def test_a_key_twice_is_refused_where_the_second_stands() -> None:
    with pytest.raises(SyntaxProblem, match="here twice") as caught:
        one("a: 1\nb: 2\na: 3\n")
    assert (caught.value.line, caught.value.hint) == (3, "the first one is in line 1")


def test_an_alias_within_itself_is_refused() -> None:
    with pytest.raises(SyntaxProblem, match="contains it"):
        one("a: &a\n  b: *a\n")


def test_a_billion_laughs_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(SyntaxProblem, match="aliases make this more than"):
        one("\n".join(lines))


def test_broken_yaml_says_where() -> None:
    with pytest.raises(SyntaxProblem, match="not YAML") as caught:
        one("a: [1,\nb: 2\n")
    assert caught.value.line == 3


def test_foreign_tags_are_refused() -> None:
    with pytest.raises(Unsupported, match="!vault"):
        one("a: !vault x")
