"""Sets of fields as nested dicts behave as sets of paths do."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hythe.kube.objects.apply import fieldset

Paths = set[tuple[str, ...]]
PATHS = st.sets(
    st.lists(st.sampled_from(["f:a", "f:b", 'k:{"n":1}']), min_size=1, max_size=3).map(tuple), max_size=8
)


def members(fields: dict[str, Any]) -> Paths:
    return set(fieldset.members(fields))


def well_formed(fields: dict[str, Any]) -> bool:
    """Every node is a member or leads to one."""
    return all(not below or (set(below) != {"."} and well_formed(_rest(below))) for below in fields.values())


def _rest(node: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in node.items() if key != "."}


@given(PATHS)
def test_paths_there_and_back(paths: Paths) -> None:
    fields = fieldset.of_paths(paths)
    assert members(fields) == paths and well_formed(fields)
    assert fieldset.ordered(fields) == fields


@given(PATHS, PATHS)
def test_union_intersection_difference(one: Paths, other: Paths) -> None:
    a, b = fieldset.of_paths(one), fieldset.of_paths(other)
    for function, expected in (
        (fieldset.union, one | other),
        (fieldset.intersection, one & other),
        (fieldset.difference, one - other),
    ):
        result = function(a, b)
        assert members(result) == expected and well_formed(result)
    assert (members(a), members(b)) == (one, other)


@given(PATHS, PATHS)
def test_without_takes_what_is_below_along(one: Paths, other: Paths) -> None:
    left = fieldset.without(fieldset.of_paths(one), fieldset.of_paths(other))
    expected = {path for path in one if not any(path[: len(gone)] == gone for gone in other)}
    assert members(left) == expected and well_formed(left)
