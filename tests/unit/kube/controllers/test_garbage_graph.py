"""Who owns whom: what is seen late, replaced, or referred to and never there."""

from __future__ import annotations

from hythe.kube.controllers.garbage.graph import Graph, Reference, propagation, sort_owners
from hythe.kube.controllers.garbage.kinds import metadata_only
from hythe.kube.objects.types import Object


def body(uid: str, *owners: str, blocks: bool = True, **meta: object) -> Object:
    references = [
        {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "name": each,
            "uid": each,
            "blockOwnerDeletion": blocks,
        }
        for each in owners
    ]
    return {"metadata": {"name": uid, "namespace": "n", "uid": uid, "ownerReferences": references, **meta}}


def test_an_owner_that_is_seen_late_is_absent_until_then() -> None:
    graph = Graph()
    pod = graph.put(body("p", "rs"), "v1", "Pod")
    owner = graph.nodes["rs"]
    assert owner.absent
    assert graph.dependents(owner) == [pod]
    graph.put(body("rs"), "apps/v1", "ReplicaSet")
    assert not graph.nodes["rs"].absent
    assert graph.dependents(graph.nodes["rs"]) == [pod]


def test_a_removed_owner_is_remembered_as_long_as_somebody_refers_to_it() -> None:
    graph = Graph()
    graph.put(body("rs"), "apps/v1", "ReplicaSet")
    graph.put(body("p", "rs"), "v1", "Pod")
    assert graph.remove("rs") is not None
    assert graph.nodes["rs"].absent
    graph.put(body("p"), "v1", "Pod")
    assert "rs" not in graph.nodes
    graph.remove("p")
    assert graph.nodes == {}
    assert graph.remove("p") is None


def test_only_dependents_that_say_so_block_a_deletion_in_the_foreground() -> None:
    graph = Graph()
    doomed: Object = {"deletionTimestamp": "x", "finalizers": ["foregroundDeletion"]}
    owner = graph.put(body("rs", **doomed), "apps/v1", "ReplicaSet")
    assert owner.waits_for_dependents
    blocking = graph.put(body("a", "rs"), "v1", "Pod")
    graph.put(body("b", "rs", blocks=False), "v1", "Pod")
    assert graph.blocking(owner) == [blocking]
    assert propagation(blocking, wait=True) == "Foreground"
    assert propagation(blocking, wait=False) == "Background"
    assert propagation(graph.put(body("c", finalizers=["orphan"]), "v1", "Pod"), wait=True) == "Orphan"


def test_owners_are_solid_gone_or_waiting() -> None:
    owners = [Reference("v1", "X", name, name, True) for name in ("here", "gone", "waits")]
    solid, dangling, waiting = sort_owners(owners, {"gone"}, {"waits"})
    assert [[each.name for each in part] for part in (solid, dangling, waiting)] == [
        ["here"],
        ["gone"],
        ["waits"],
    ]


def test_of_objects_only_what_ownership_needs_is_kept() -> None:
    full = {**body("p", "rs"), "spec": {"big": "x" * 1000}, "kind": "Pod"}
    full["metadata"]["labels"] = {"a": "b"}
    kept = metadata_only(full)
    assert set(kept) == {"metadata"}
    assert set(kept["metadata"]) == {"name", "namespace", "uid", "ownerReferences"}
