"""Merge patches: RFC 7386's own examples, and that a diff makes the target."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.kube.objects.patch import merge
from hythe.kube.objects.status import ApiError


@pytest.mark.parametrize(
    ("document", "patch", "expected"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_examples(document: dict[str, Any], patch: dict[str, Any], expected: dict[str, Any]) -> None:
    assert merge.apply(document, patch) == expected


def test_what_is_no_object_is_refused() -> None:
    with pytest.raises(ApiError) as problem:
        merge.apply({}, [1])
    assert (problem.value.code, problem.value.message) == (400, "Invalid JSON Patch")


def test_truth_is_no_number() -> None:
    assert merge.same(1, 1.0) and not merge.same(1, True) and not merge.same({"a": [0]}, {"a": [False]})


SCALARS = st.booleans() | st.integers(-3, 3) | st.text("ab", max_size=2)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=1), inner, max_size=3)
    ),
    max_leaves=10,
)
OBJECTS = st.dictionaries(st.text("abc", max_size=1), VALUES, max_size=4)


@given(OBJECTS, OBJECTS)
def test_a_diff_makes_the_target(old: dict[str, Any], new: dict[str, Any]) -> None:
    patch = merge.diff(old, new)
    assert merge.same(merge.apply(old, patch), new)
    assert merge.same(merge.apply(new, patch), new)
    assert not merge.diff(new, new)
