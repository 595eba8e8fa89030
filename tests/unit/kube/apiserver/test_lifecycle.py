"""What the server writes into metadata, and what it keeps of the old object."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from hythe.kube.apiserver.lifecycle import (
    before_create,
    before_ephemeral_update,
    before_status_update,
    before_update,
    finalizers_for,
    finished,
    generated_name,
    named,
    place,
)
from hythe.kube.apiserver.options import DeleteOptions
from hythe.kube.apiserver.verbs.delete import grace_of, marked
from hythe.kube.objects.schema.resources import Resource, builtin
from hythe.kube.objects.status import ApiError

NOW = "2026-01-01T00:00:00Z"
Object = dict[str, Any]


def resource(plural: str, group: str = "", version: str = "v1") -> Resource:
    found = builtin().get(group, version, plural)
    assert found is not None
    return found


def test_a_new_object_gets_what_no_client_may_choose() -> None:
    obj: Object = {"metadata": {"name": "a", "uid": "x", "deletionTimestamp": NOW}, "status": {"replicas": 9}}
    before_create(obj, resource("deployments", "apps"), NOW)
    assert obj["metadata"]["uid"] != "x"
    assert obj["metadata"]["creationTimestamp"] == NOW
    assert obj["metadata"]["generation"] == 1
    assert "deletionTimestamp" not in obj["metadata"]
    assert obj["status"] == {}


def test_a_status_without_omitted_zeros_shows_them() -> None:
    obj: Object = {"metadata": {"name": "a"}}
    before_create(obj, resource("daemonsets", "apps"), NOW)
    assert obj["status"]["currentNumberScheduled"] == 0


def test_a_namespace_begins_active_and_held() -> None:
    obj: Object = {"metadata": {"name": "a"}}
    before_create(obj, resource("namespaces"), NOW)
    assert (obj["spec"], obj["status"]) == ({"finalizers": ["kubernetes"]}, {"phase": "Active"})


def test_an_update_leaves_the_status_and_counts_the_spec() -> None:
    old: Object = {
        "metadata": {"name": "a", "uid": "u", "generation": 3},
        "spec": {"x": 1},
        "status": {"y": 1},
    }
    new: Object = {"metadata": {"name": "a", "uid": "v"}, "spec": {"x": 2}, "status": {"y": 2}}
    before_update(new, old, resource("deployments", "apps"))
    assert new["metadata"] == {"name": "a", "uid": "u", "generation": 4}
    assert new["status"] == {"y": 1}


def test_a_status_update_leaves_all_else() -> None:
    old: Object = {"metadata": {"name": "a", "labels": {"l": "1"}}, "spec": {"x": 1}, "status": {}}
    new: Object = {"metadata": {"name": "a", "labels": {}, "annotations": {"n": "1"}}, "status": {"y": 1}}
    before_status_update(new, old, resource("deployments", "apps"))
    assert new["spec"] == {"x": 1}
    assert new["status"] == {"y": 1}
    assert new["metadata"] == {"name": "a", "labels": {"l": "1"}, "annotations": {"n": "1"}}


def test_an_ephemeral_container_is_all_that_comes_in() -> None:
    old: Object = {
        "metadata": {"name": "a", "resourceVersion": "1"},
        "spec": {"containers": [1]},
        "status": {},
    }
    new: Object = {
        "metadata": {"name": "a", "labels": {"x": "y"}, "resourceVersion": "1"},
        "spec": {"containers": [2], "ephemeralContainers": [3]},
    }
    before_ephemeral_update(new, old)
    assert new == {**old, "spec": {"containers": [1], "ephemeralContainers": [3]}}


def test_an_object_must_be_where_and_what_the_path_says() -> None:
    pods, nodes = resource("pods"), resource("nodes")
    obj: Object = {"metadata": {}}
    place(obj, pods, "ns")
    named(obj, "a")
    assert obj["metadata"] == {"namespace": "ns", "name": "a"}
    for wrong, where, namespace in (("other", pods, "ns"), ("ns", nodes, "")):
        with pytest.raises(ApiError) as refused:
            place({"metadata": {"namespace": wrong}}, where, namespace)
        assert refused.value.code == 400
    with pytest.raises(ApiError) as refused:
        named({"metadata": {"name": "b"}}, "a")
    assert refused.value.code == 400


def test_a_generated_name_is_not_too_long() -> None:
    assert len(generated_name("x" * 80)) == 63
    assert generated_name("a-") != generated_name("a-")


@pytest.mark.parametrize(
    ("plural", "group", "policy", "had", "expected"),
    [
        ("deployments", "apps", "", [], []),
        ("deployments", "apps", "Foreground", ["mine"], ["mine", "foregroundDeletion"]),
        ("deployments", "apps", "Orphan", ["foregroundDeletion"], ["orphan"]),
        ("deployments", "apps", "Background", ["orphan", "mine"], ["mine"]),
        ("jobs", "batch", "", [], ["orphan"]),
        ("jobs", "batch", "", ["foregroundDeletion"], ["foregroundDeletion"]),
        ("jobs", "batch", "Background", [], []),
    ],
)
def test_the_finalizers_of_each_way_to_delete(
    plural: str, group: str, policy: str, had: list[str], expected: list[str]
) -> None:
    old = {"metadata": {"name": "a", "finalizers": had}}
    assert finalizers_for(old, DeleteOptions(propagation=policy), resource(plural, group)) == expected


@pytest.mark.parametrize(
    ("spec", "phase", "asked", "expected"),
    [
        ({"nodeName": "n", "terminationGracePeriodSeconds": 10}, "Running", None, 10),
        ({"nodeName": "n"}, "Running", None, 30),
        ({"nodeName": "n"}, "Running", 3, 3),
        ({"nodeName": "n"}, "Running", -1, 1),
        ({"nodeName": "n"}, "Succeeded", 3, 0),
        ({}, "Pending", 3, 0),
    ],
)
def test_the_time_that_a_pod_is_given(spec: Object, phase: str, asked: int | None, expected: int) -> None:
    pod = {"metadata": {"name": "a"}, "spec": spec, "status": {"phase": phase}}
    assert grace_of(resource("pods"), pod, DeleteOptions(grace=asked)) == expected


def test_a_second_delete_can_only_hasten_the_end() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    first = marked({"metadata": {"name": "a", "generation": 1}}, 30, now)
    assert first["metadata"]["deletionTimestamp"] == "2026-01-01T00:00:30Z"
    assert first["metadata"]["generation"] == 2
    assert marked(first, 60, now) == first
    assert marked(first, 5, now)["metadata"]["deletionTimestamp"] == "2026-01-01T00:00:05Z"


def test_what_is_finished() -> None:
    pods, namespaces = resource("pods"), resource("namespaces")
    gone = {"deletionTimestamp": NOW, "deletionGracePeriodSeconds": 0}
    assert finished({"metadata": gone}, pods)
    assert not finished({"metadata": {}}, pods)
    assert not finished({"metadata": {**gone, "deletionGracePeriodSeconds": 3}}, pods)
    assert not finished({"metadata": {**gone, "finalizers": ["x"]}}, pods)
    assert not finished({"metadata": gone, "spec": {"finalizers": ["kubernetes"]}}, namespaces)
    assert finished({"metadata": gone, "spec": {"finalizers": []}}, namespaces)
