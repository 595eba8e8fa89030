"""Server-side apply: merging, conflicts, force, what an applier drops, and other managers' shares in it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from hythe.kube.objects.apply.lastapplied import ANNOTATION
from hythe.kube.objects.shape import Shape, of_schema
from hythe.kube.objects.status import ApiError
from tests.unit.kube.objects.apply.given_kinds import (
    LATER,
    NOW,
    containers,
    deployment,
    of_kind,
    of_shape,
    owners,
    stored,
)

FIELDS = of_kind("apps/v1", "Deployment")


def applied(live: dict[str, Any], manager: str = "me", *, force: bool = False, **spec: Any) -> dict[str, Any]:
    return FIELDS.apply(live, deployment(**spec), manager, force=force, now=LATER)


def created(**spec: Any) -> dict[str, Any]:
    return stored(FIELDS.update({}, deployment(**spec), "kubectl-client-side-apply", NOW))


def test_the_first_apply_creates() -> None:
    made = applied({}, replicas=2)
    assert made["spec"] == {"replicas": 2} and owners(made) == {"me/Apply": [".spec.replicas"]}
    entry = made["metadata"]["managedFields"][0]
    assert entry["apiVersion"] == "apps/v1" and entry["time"] == LATER


def test_a_conflict_says_who_owns_what() -> None:
    with pytest.raises(ApiError) as problem:
        applied(created(replicas=1), replicas=2)
    owner = 'conflict with "kubectl-client-side-apply" using apps/v1'
    assert problem.value.status() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": f"Apply failed with 1 conflict: {owner}: .spec.replicas",
        "reason": "Conflict",
        "details": {
            "causes": [{"reason": "FieldManagerConflict", "message": owner, "field": ".spec.replicas"}]
        },
        "code": 409,
    }


def test_several_conflicts_are_listed_by_manager() -> None:
    live = created(replicas=1, template=containers({"name": "a", "image": "1"}))
    other = stored(applied(live, "other", paused=True))
    with pytest.raises(ApiError) as problem:
        applied(other, replicas=2, paused=False, template=containers({"name": "a", "image": "2"}))
    assert problem.value.message == (
        "Apply failed with 3 conflicts: conflicts with "
        '"kubectl-client-side-apply" using apps/v1:\n- .spec.replicas\n'
        '- .spec.template.spec.containers[name="a"].image\nconflicts with "other":\n- .spec.paused'
    )


def test_force_takes_over() -> None:
    made = applied(created(replicas=1, paused=True), force=True, replicas=2)
    assert made["spec"] == {"replicas": 2, "paused": True}
    assert owners(made) == {
        "me/Apply": [".spec.replicas"],
        "kubectl-client-side-apply/Update": [".spec.paused"],
    }


def test_the_same_value_is_shared() -> None:
    made = applied(created(replicas=1), replicas=1)
    assert owners(made) == {
        "me/Apply": [".spec.replicas"],
        "kubectl-client-side-apply/Update": [".spec.replicas"],
    }


def test_what_is_dropped_goes_unless_others_own_it() -> None:
    live = stored(applied({}, replicas=1, paused=True, minReadySeconds=5))
    live = stored(applied(live, "other", paused=True))
    dropped = applied(live, replicas=1)
    assert dropped["spec"] == {"replicas": 1, "paused": True}
    assert owners(dropped) == {"me/Apply": [".spec.replicas"], "other/Apply": [".spec.paused"]}


def test_a_dropped_member_of_a_list_goes_unless_others_have_a_share_in_it() -> None:
    one, two = {"name": "a", "image": "1"}, {"name": "b", "image": "1"}
    live = stored(applied({}, template=containers(one, two)))
    assert applied(live, template=containers(one))["spec"]["template"] == containers(one)
    env = [{"name": "X", "value": "1"}]
    live = stored(applied(live, "other", template=containers({"name": "b", "env": env})))
    dropped = applied(live, template=containers(one))
    assert dropped["spec"]["template"] == containers(one, {"name": "b", "env": env})


def test_what_an_updater_added_below_goes_with_the_dropped_member() -> None:
    live = stored(applied({}, template=containers({"name": "a", "image": "1"}, {"name": "b", "image": "1"})))
    both = containers({"name": "a", "image": "1"}, {"name": "b", "image": "1", "tty": True})
    changed = FIELDS.update(live, {**live, "spec": {"template": both}}, "editor", NOW)
    left = applied(changed, template=containers({"name": "a", "image": "1"}))
    assert left["spec"]["template"] == containers({"name": "a", "image": "1"})


def test_members_stand_in_the_order_of_the_configuration() -> None:
    live = created(template=containers({"name": "x"}, {"name": "a"}, {"name": "b"}))
    made = applied(live, template=containers({"name": "b"}, {"name": "n"}, {"name": "a"}))
    names = [each["name"] for each in made["spec"]["template"]["spec"]["containers"]]
    assert names == ["x", "b", "n", "a"]


def test_applying_twice_changes_nothing() -> None:
    first = stored(applied({}, replicas=1, template=containers({"name": "a", "image": "1"})))
    again = FIELDS.apply(
        first,
        deployment(replicas=1, template=containers({"name": "a", "image": "1"})),
        "me",
        force=False,
        now="2027-01-01T00:00:00Z",
    )
    assert again == first


def test_atomic_fields_are_owned_whole() -> None:
    live = stored(applied({}, selector={"matchLabels": {"a": "1"}}))
    with pytest.raises(ApiError, match="Apply failed with 1 conflict"):
        applied(live, "other", selector={"matchLabels": {"b": "2"}})
    changed = applied(live, selector={"matchLabels": {"b": "2"}})
    assert changed["spec"]["selector"] == {"matchLabels": {"b": "2"}}


def test_free_maps_are_merged_by_key() -> None:
    live = stored(FIELDS.apply({}, _labelled(a="1"), "me", force=False, now=NOW))
    both = FIELDS.apply(live, _labelled(b="2"), "other", force=False, now=NOW)
    assert both["metadata"]["labels"] == {"a": "1", "b": "2"}
    left = FIELDS.apply(both, _labelled(), "other", force=False, now=NOW)
    assert left["metadata"]["labels"] == {"a": "1"}


def _labelled(**labels: str) -> dict[str, Any]:
    obj = deployment()
    obj["metadata"]["labels"] = labels
    return obj


def test_what_nobody_was_said_to_own_belongs_to_those_before() -> None:
    live = stored(deployment(replicas=1))
    with pytest.raises(
        ApiError, match=re.escape('conflict with "before-first-apply" using apps/v1: .spec.replicas')
    ):
        applied(live, replicas=2)
    made = applied(live, paused=True)
    assert owners(made) == {"me/Apply": [".spec.paused"], "before-first-apply/Update": [".spec.replicas"]}


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (
            {"apiVersion": "apps/v1beta1"},
            400,
            "Incorrect version specified in apply patch. Specified patch version: apps/v1beta1, expected: apps/v1",
        ),
        ({"metadata": {"name": "web", "managedFields": []}}, 400, "metadata.managedFields must be nil"),
        ({"spec": {"foo": 1}}, 500, ".spec.foo: field not declared in schema"),
        ({"spec": {"replicas": "x"}}, 500, ".spec.replicas: expected numeric (int or float), got string"),
        (
            {"metadata": {"name": "web", "labels": {"a": 1}}},
            500,
            ".metadata.labels.a: expected string, got &value.valueUnstructured{Value:1}",
        ),
        ({"spec": []}, 500, ".spec: expected map, got &{[]}"),
        (
            {"spec": {"template": containers({"name": "a"}, {"name": "a"})}},
            500,
            '.spec.template.spec.containers: duplicate entries for key [name="a"]',
        ),
        (
            {"spec": {"template": containers({"image": "x"})}},
            500,
            ".spec.template.spec.containers: element 0: associative list with keys has an element that omits all key "
            'fields ["name"] (and doesn\'t have default values for any key fields)',
        ),
    ],
)
def test_bad_configurations(change: dict[str, Any], code: int, message: str) -> None:
    with pytest.raises(ApiError) as problem:
        FIELDS.apply({}, {**deployment(), **change}, "me", force=False, now=NOW)
    assert problem.value.code == code
    said = problem.value.message
    assert said == message if code == 400 else said.endswith(f"apps/v1, Kind=Deployment): {message}")


def test_kubectl_takes_over_its_own_client_side_configuration() -> None:
    obj = deployment(replicas=1, paused=True)
    last = json.dumps(deployment(replicas=1, paused=True))
    obj["metadata"]["annotations"] = {ANNOTATION: last}
    live = stored(FIELDS.update({}, obj, "kubectl-client-side-apply", NOW))
    made = applied(live, "kubectl", replicas=2)
    assert made["spec"]["replicas"] == 2
    assert json.loads(made["metadata"]["annotations"][ANNOTATION])["spec"] == {"replicas": 2}
    with pytest.raises(ApiError, match="conflict"):
        applied(live, "somebody", replicas=2)


def test_kubectl_does_not_take_what_was_changed_since() -> None:
    obj = deployment(replicas=1)
    obj["metadata"]["annotations"] = {ANNOTATION: json.dumps(deployment(replicas=1))}
    live = stored(FIELDS.update({}, obj, "kubectl-client-side-apply", NOW))
    scaled = FIELDS.update(live, {**live, "spec": {"replicas": 5}}, "scaler", NOW)
    with pytest.raises(ApiError, match=re.escape('conflict with "scaler" using apps/v1: .spec.replicas')):
        applied(scaled, "kubectl", replicas=2)


def test_versions_of_a_kind() -> None:
    schema = {
        "type": "object",
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": {"type": "object", "additionalProperties": {"type": "string"}},
        },
    }
    shapes: dict[str, Shape | None] = {"x.io/v1": of_schema(schema), "x.io/v2": of_schema(schema)}
    first, second = of_shape(shapes, "x.io/v1"), of_shape(shapes, "x.io/v2")
    config = {"kind": "Thing", "metadata": {"name": "a"}, "spec": {"a": "1", "b": "2"}}
    live = stored(first.apply({}, {"apiVersion": "x.io/v1", **config}, "me", force=False, now=NOW))
    in_two = {**live, "apiVersion": "x.io/v2"}
    changed = {"apiVersion": "x.io/v2", **config, "spec": {"a": "3"}}
    with pytest.raises(ApiError, match=re.escape('conflict with "me": .spec.a')):
        second.apply(in_two, changed, "other", force=False, now=NOW)
    moved = second.apply(in_two, changed, "me", force=False, now=NOW)
    assert moved["spec"] == {"a": "3"}
    assert [entry["apiVersion"] for entry in moved["metadata"]["managedFields"]] == ["x.io/v2"]
