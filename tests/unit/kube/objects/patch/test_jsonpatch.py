"""JSON patches: the operations of RFC 6902 as Kubernetes' library has them, and what it refuses."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.kube.objects.patch import jsonpatch
from hythe.kube.objects.patch.merge import same
from hythe.kube.objects.status import ApiError

DOCUMENT: dict[str, Any] = {"a": {"b": 1, "c/d": [1, 2, 3], "~": None}, "list": [{"n": 1}, {"n": 2}]}


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ({"op": "add", "path": "/a/x", "value": 2}, {"a": {"b": 1, "c/d": [1, 2, 3], "~": None, "x": 2}}),
        ({"op": "add", "path": "/list/1", "value": 9}, {"list": [{"n": 1}, 9, {"n": 2}]}),
        ({"op": "add", "path": "/list/-", "value": 9}, {"list": [{"n": 1}, {"n": 2}, 9]}),
        ({"op": "add", "path": "/list/-1", "value": 9}, {"list": [{"n": 1}, {"n": 2}, 9]}),
        ({"op": "remove", "path": "/list/0"}, {"list": [{"n": 2}]}),
        ({"op": "remove", "path": "/list/-1"}, {"list": [{"n": 1}]}),
        ({"op": "replace", "path": "/a/c~1d/1", "value": 9}, {"a": {"b": 1, "c/d": [1, 9, 3], "~": None}}),
        ({"op": "replace", "path": "/a/~0", "value": 9}, {"a": {"b": 1, "c/d": [1, 2, 3], "~": 9}}),
        ({"op": "replace", "path": "/new", "value": 9}, {"new": 9}),
        ({"op": "move", "from": "/list/0", "path": "/list/1"}, {"list": [{"n": 2}, {"n": 1}]}),
        ({"op": "copy", "from": "/list/0", "path": "/x"}, {"x": {"n": 1}}),
        ({"op": "test", "path": "/a/b", "value": 1}, {}),
        ({"op": "test", "path": "/a/b", "value": 1.0}, {}),
        ({"op": "test", "path": "/a/none", "value": None}, {}),
    ],
)
def test_operations(operation: dict[str, Any], expected: dict[str, Any]) -> None:
    before = copy.deepcopy(DOCUMENT)
    assert jsonpatch.apply(DOCUMENT, [operation]) == {**DOCUMENT, **expected}
    assert before == DOCUMENT


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        ({"op": "test", "path": "/a/b", "value": 2}, "testing value /a/b failed: test failed"),
        ({"op": "test", "path": "/a/b", "value": True}, "testing value /a/b failed: test failed"),
        ({"op": "remove", "path": "/a/x"}, "Unable to remove nonexistent key: x: missing value"),
        ({"op": "remove", "path": "/list/5"}, "Unable to access invalid index: 5: invalid index referenced"),
        ({"op": "replace", "path": "/list/x", "value": 1}, "value was not a proper array index: 'x'"),
        ({"op": "add", "path": "/none/x", "value": 1}, 'doc is missing path: "/none/x": missing value'),
        ({"op": "add", "path": "", "value": 1}, 'doc is missing path: "": missing value'),
        ({"op": "copy", "from": "/none", "path": "/x"}, "doc is missing from path: /none: missing value"),
        ({"op": "add", "value": 1}, "add operation failed to decode path: missing value"),
        ({"op": "move", "path": "/x"}, "move operation failed to decode from: missing value"),
        ({"op": "spread", "path": "/x"}, "Unexpected kind: spread"),
        ({"op": "replace", "path": "", "value": []}, "the result is no object"),
    ],
)
def test_what_cannot_be_done(operation: dict[str, Any], why: str) -> None:
    with pytest.raises(ApiError) as problem:
        jsonpatch.apply(DOCUMENT, [operation])
    assert (problem.value.code, problem.value.reason) == (422, "Invalid")
    assert problem.value.message == "the server rejected our request due to an error in our request"
    assert why in problem.value.causes[0].message


def test_what_is_no_patch() -> None:
    for patch, code in (({}, 400), ([1], 400), ("x", 400), ([{"op": "test", "path": "/x"}] * 10001, 413)):
        with pytest.raises(ApiError) as problem:
            jsonpatch.apply(DOCUMENT, patch)
        assert problem.value.code == code


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab/~", max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab/~", max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text("ab/~", max_size=2), VALUES, max_size=4)


@given(OBJECTS, st.text("ab/~", max_size=2), VALUES)
def test_what_is_added_is_there_and_can_be_taken_away(document: dict[str, Any], key: str, value: Any) -> None:
    path = "/" + key.replace("~", "~0").replace("/", "~1")
    added = jsonpatch.apply(document, [{"op": "add", "path": path, "value": value}])
    assert same(added[key], value)
    jsonpatch.apply(added, [{"op": "test", "path": path, "value": value}])
    removed = jsonpatch.apply(added, [{"op": "remove", "path": path}])
    assert removed == {name: each for name, each in document.items() if name != key}
