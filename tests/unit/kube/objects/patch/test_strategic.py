"""Strategic merge patches on built-in kinds: lists by key, order, and the directives."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.kube.objects import shape
from hythe.kube.objects.patch import strategic
from hythe.kube.objects.patch.merge import same
from hythe.kube.objects.shape import Shape
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import GroupVersionKind


def known(group: str, kind: str) -> Shape:
    found = shape.of_kind(GroupVersionKind(group, "v1", kind))
    assert found is not None
    return found


POD, DEPLOYMENT = known("", "Pod"), known("apps", "Deployment")


def pod(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"spec": {"containers": list(containers), **spec}}


def container(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, **more}


def patched(document: dict[str, Any], patch: dict[str, Any], of: Shape = POD) -> dict[str, Any]:
    before = copy.deepcopy((document, patch))
    result = strategic.apply(document, patch, of)
    assert (document, patch) == before
    return result


def test_members_of_a_list_are_merged_by_key() -> None:
    document = pod(container("a", image="1", env=[{"name": "X", "value": "1"}]), container("b", image="1"))
    patch = pod(container("a", image="2", env=[{"name": "Y", "value": "2"}]))
    assert patched(document, patch) == pod(
        container("a", image="2", env=[{"name": "Y", "value": "2"}, {"name": "X", "value": "1"}]),
        container("b", image="1"),
    )


def test_a_list_without_merge_strategy_is_replaced() -> None:
    assert patched(pod(container("a", args=["1"])), pod(container("a", args=["2"]))) == pod(
        container("a", args=["2"])
    )


def test_a_set_is_merged() -> None:
    document = {"metadata": {"finalizers": ["a", "b"]}}
    assert patched(document, {"metadata": {"finalizers": ["c", "a"]}}) == {
        "metadata": {"finalizers": ["c", "a", "b"]}
    }


def test_members_are_deleted() -> None:
    document = pod(container("a"), container("b"))
    assert patched(document, pod(container("a", **{"$patch": "delete"}))) == pod(container("b"))
    assert patched(document, pod({"name": "c", "$patch": "delete"})) == document


def test_a_list_is_replaced_on_demand() -> None:
    document = pod(container("a"), container("b"))
    assert patched(document, pod({"$patch": "replace"}, container("c"))) == pod(container("c"))


def test_an_object_is_replaced_or_emptied_on_demand() -> None:
    document = {"metadata": {"labels": {"a": "1", "b": "2"}, "name": "x"}}
    replaced = patched(document, {"metadata": {"labels": {"$patch": "replace", "c": "3"}}})
    assert replaced == {"metadata": {"labels": {"c": "3"}, "name": "x"}}
    emptied = patched(document, {"metadata": {"labels": {"$patch": "delete"}}})
    assert emptied == {"metadata": {"labels": {}, "name": "x"}}


def test_nulls_take_away_and_are_never_stored() -> None:
    document = {"metadata": {"labels": {"a": "1"}}}
    patch = {"metadata": {"labels": {"a": None, "b": None}, "annotations": {"x": None, "y": "1"}}}
    assert patched(document, patch) == {"metadata": {"labels": {}, "annotations": {"y": "1"}}}


def test_members_of_a_set_are_deleted() -> None:
    document = {"metadata": {"finalizers": ["a", "b", "c"]}}
    patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["b", "x"]}}
    assert patched(document, patch) == {"metadata": {"finalizers": ["a", "c"]}}


def test_order_is_that_of_the_directive_with_others_where_they_were() -> None:
    document = pod(container("a"), container("server"), container("b"))
    order = [{"name": "b"}, {"name": "new"}, {"name": "a"}]
    patch = {"spec": {"$setElementOrder/containers": order, "containers": [container("new")]}}
    names = [each["name"] for each in patched(document, patch)["spec"]["containers"]]
    assert names == ["server", "b", "new", "a"]


def test_order_alone_sorts() -> None:
    document = pod(container("a"), container("b"))
    patch = {"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}}
    assert patched(document, patch) == pod(container("b"), container("a"))


def test_order_and_patch_must_agree() -> None:
    order = [{"name": "b"}, {"name": "a"}]
    patch = {"spec": {"$setElementOrder/containers": order, "containers": [container("a"), container("b")]}}
    with pytest.raises(ApiError, match="doesn't match \\$setElementOrder list"):
        strategic.apply(pod(), patch, POD)


def test_only_retained_keys_stay() -> None:
    document = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert patched(document, patch, DEPLOYMENT) == {"spec": {"strategy": {"type": "Recreate"}}}
    bad = {"spec": {"strategy": {"$retainKeys": ["rollingUpdate"], "type": "Recreate"}}}
    with pytest.raises(ApiError) as problem:
        strategic.apply(document, bad, DEPLOYMENT)
    assert (problem.value.code, problem.value.message) == (400, "invalid patch format of retainKeys")


def test_a_volume_changes_its_source() -> None:
    document = pod(volumes=[{"name": "v", "emptyDir": {}}])
    patch = {
        "spec": {"volumes": [{"name": "v", "$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/x"}}]}
    }
    assert patched(document, patch)["spec"]["volumes"] == [{"name": "v", "hostPath": {"path": "/x"}}]


@pytest.mark.parametrize(
    ("patch", "code", "message"),
    [
        (pod({"image": "x"}), 500, "map: map[image:x] does not contain declared merge key: name"),
        ({"spec": {"$patch": "spread"}}, 500, "unknown patch type: spread in map: map[$patch:spread]"),
        (
            {"metadata": {"$deleteFromPrimitiveList/finalizers": "x"}},
            400,
            "invalid patch format of primitive list",
        ),
        ({"spec": {"$setElementOrder/containers": "x"}}, 400, "invalid patch format of setElementOrder list"),
        (pod({"$patch": "merge", "name": "a"}), 500, "merging lists cannot yet be specified in the patch"),
    ],
)
def test_bad_patches(patch: dict[str, Any], code: int, message: str) -> None:
    with pytest.raises(ApiError) as problem:
        strategic.apply({**pod(container("a")), "metadata": {"finalizers": ["x"]}}, patch, POD)
    assert (problem.value.code, problem.value.message) == (code, message)


def test_custom_resources_have_none() -> None:
    with pytest.raises(ApiError) as problem:
        strategic.apply({}, {}, None)
    assert problem.value.code == 415


NAMES = st.lists(st.sampled_from("abcdef"), unique=True, max_size=6)
IMAGES = st.sampled_from("123")


@given(NAMES, NAMES, NAMES, IMAGES)
def test_members_keep_their_order(old: list[str], named: list[str], deleted: list[str], image: str) -> None:
    document = pod(*(container(name, image="0") for name in old))
    gone = [name for name in deleted if name not in named]
    members = [container(name, image=image) for name in named]
    patch = pod(*members, *({"name": name, "$patch": "delete"} for name in gone))
    result = patched(document, patch)["spec"]["containers"]
    names = [each["name"] for each in result]
    assert set(names) == (set(old) | set(named)) - set(gone) and len(set(names)) == len(names)
    assert [name for name in names if name in named] == named
    rest = [name for name in old if name not in named and name not in gone]
    assert [name for name in names if name not in named] == rest
    assert all(each["image"] == (image if each["name"] in named else "0") for each in result)
    again = strategic.apply({"spec": {"containers": result}}, patch, POD)
    assert same(again["spec"]["containers"], result)
