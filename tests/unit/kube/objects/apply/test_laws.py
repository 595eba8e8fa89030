"""Laws that hold for any sequence of changes: nothing is owned by nobody, applying twice is applying once."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hythe.kube.objects import shape
from hythe.kube.objects.apply import fieldset
from hythe.kube.objects.apply.comparing import compare
from hythe.kube.objects.apply.merging import remove
from hythe.kube.objects.apply.typed import fields_of
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import GroupVersionKind
from tests.unit.kube.objects.apply.given_kinds import NOW, of_kind, stored

FIELDS = of_kind("v1", "Pod")
POD = shape.of_kind(GroupVersionKind("", "v1", "Pod"))
assert POD is not None
WORDS = st.sampled_from(["1", "2"])
LABELS = st.dictionaries(st.sampled_from("xyz"), WORDS, min_size=1, max_size=3)
PROTOCOLS = st.sampled_from(["TCP", "UDP"])
PORTS = st.lists(
    st.fixed_dictionaries(
        {"containerPort": st.sampled_from([80, 81])}, optional={"protocol": PROTOCOLS, "name": WORDS}
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda port: (port["containerPort"], port.get("protocol", "TCP")),
)
ARGS = st.lists(WORDS, min_size=1, max_size=2)
CONTAINERS = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from("abc")},
        optional={"image": WORDS, "args": ARGS, "ports": PORTS, "tty": st.booleans()},
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda container: container["name"],
)
SPECS = st.fixed_dictionaries(
    {"hostname": WORDS},
    optional={"containers": CONTAINERS, "nodeSelector": LABELS, "hostNetwork": st.booleans()},
)
FINALIZERS = st.lists(st.sampled_from(["f/1", "f/2", "f/3"]), unique=True, min_size=1, max_size=3)
METADATA = st.fixed_dictionaries(
    {"name": st.just("p"), "namespace": st.just("d")}, optional={"labels": LABELS, "finalizers": FINALIZERS}
)
PODS = st.fixed_dictionaries(
    {"apiVersion": st.just("v1"), "kind": st.just("Pod"), "metadata": METADATA, "spec": SPECS}
)
CHANGES = st.sampled_from(["update", "apply", "force"])
STEPS = st.lists(
    st.tuples(st.sampled_from(["update", "apply", "force"]), st.sampled_from(["m", "n"]), PODS), max_size=6
)


def leaves(obj: dict[str, Any]) -> set[tuple[str, ...]]:
    """The fields of an object that somebody must own."""
    assert POD is not None
    ours = {key: value for key, value in obj["metadata"].items() if key in ("labels", "finalizers")}
    fields = fields_of({"metadata": ours, "spec": obj.get("spec", {})}, POD)
    return {path for path in fieldset.members(fields) if len(path) > 1}


def owned(obj: dict[str, Any]) -> set[tuple[str, ...]]:
    entries = obj["metadata"].get("managedFields", [])
    return {path for entry in entries for path in fieldset.members(entry["fieldsV1"])}


def done(live: dict[str, Any], how: str, manager: str, sent: dict[str, Any]) -> dict[str, Any]:
    if how == "update":
        metadata = {**sent["metadata"], "uid": "u"} if live else sent["metadata"]
        return stored(FIELDS.update(live, {**sent, "metadata": metadata}, manager, NOW))
    try:
        return stored(FIELDS.apply(live, sent, manager, force=how == "force", now=NOW))
    except ApiError as problem:
        assert problem.reason == "Conflict" and problem.causes
        return live


@settings(max_examples=60, deadline=None)
@given(PODS, STEPS)
def test_every_field_has_an_owner(
    first: dict[str, Any], steps: list[tuple[str, str, dict[str, Any]]]
) -> None:
    live = done({}, "update", "m", first)
    for how, manager, sent in steps:
        live = done(live, how, manager, sent)
        if "managedFields" in live["metadata"]:
            assert leaves(live) <= owned(live)


@settings(max_examples=60, deadline=None)
@given(PODS, PODS, PODS)
def test_forced_apply_makes_what_it_says_and_twice_is_once(
    first: dict[str, Any], second: dict[str, Any], config: dict[str, Any]
) -> None:
    live = done(done({}, "update", "m", first), "force", "n", second)
    made = done(live, "force", "me", config)
    assert done(made, "apply", "me", config) == made
    assert leaves(config) <= leaves(made)
    bare = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "d"}}
    again = done(made, "apply", "me", bare)
    assert not any(entry["manager"] == "me" for entry in again["metadata"].get("managedFields", []))


@settings(max_examples=60, deadline=None)
@given(PODS, PODS)
def test_a_comparison_says_all_that_differs(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert POD is not None
    found = compare(old, new, POD)
    back = compare(new, old, POD)
    assert found.added == back.removed and found.removed == back.added and found.changed == back.changed
    assert not any((found.added, found.changed, found.removed)) or old != new
    before, after = set(fieldset.members(fields_of(old, POD))), set(fieldset.members(fields_of(new, POD)))
    added, removed = set(fieldset.members(found.added)), set(fieldset.members(found.removed))
    assert after - before <= added | set(fieldset.members(found.changed))
    assert before - after <= removed | set(fieldset.members(found.changed))


@settings(max_examples=60, deadline=None)
@given(PODS)
def test_removing_all_fields_leaves_nothing_but_structs(obj: dict[str, Any]) -> None:
    assert POD is not None
    rest = remove(obj, fields_of(obj, POD), POD)
    assert not fields_of(rest, POD)
