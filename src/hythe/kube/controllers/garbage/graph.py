"""Who owns whom, by uid, of all objects in the cluster. Pure.

An owner that is referred to and has not been seen is in the graph too, as `absent` until it is seen: its kind's
informer may be late, or it may never have been. Objects are told apart by uid alone, for a name can be used again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from hythe.kube.objects.types import Object

FOREGROUND: Final = "foregroundDeletion"
ORPHAN: Final = "orphan"


class Reference(NamedTuple):
    """One of metadata.ownerReferences."""

    api_version: str
    kind: str
    name: str
    uid: str
    blocks: bool


class Node:
    """An object, or one that others say owns them."""

    __slots__ = (
        "absent", "api_version", "deleting", "dependents", "finalizers", "kind", "name", "namespace", "owners",
        "uid",
    )  # fmt: skip

    def __init__(self, uid: str, api_version: str, kind: str, namespace: str, name: str) -> None:
        self.uid, self.api_version, self.kind = uid, api_version, kind
        self.namespace, self.name = namespace, name
        self.absent = True
        self.deleting = False
        self.finalizers: frozenset[str] = frozenset()
        self.owners: tuple[Reference, ...] = ()
        self.dependents: set[str] = set()

    @property
    def waits_for_dependents(self) -> bool:
        """Deleted in the foreground."""
        return self.deleting and FOREGROUND in self.finalizers

    @property
    def orphans_dependents(self) -> bool:
        return self.deleting and ORPHAN in self.finalizers


class Graph:
    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}

    def put(self, body: Object, api_version: str, kind: str) -> Node:
        """An object as it is now."""
        meta = body["metadata"]
        node = self.nodes.get(meta["uid"])
        if node is None:
            node = self.nodes[meta["uid"]] = Node(
                meta["uid"], api_version, kind, meta.get("namespace", ""), meta["name"]
            )
        # an owner that was only known from a reference gets its own words for what it is
        node.api_version, node.kind, node.name = api_version, kind, meta["name"]
        node.namespace, node.absent = meta.get("namespace", ""), False
        node.deleting = bool(meta.get("deletionTimestamp"))
        node.finalizers = frozenset(meta.get("finalizers") or ())
        self._own(node, references(body))
        return node

    def remove(self, uid: str) -> Node | None:
        """An object is gone; what refers to it still does, to an absent one."""
        node = self.nodes.get(uid)
        if node is None:
            return None
        self._own(node, ())
        node.absent, node.deleting, node.finalizers = True, False, frozenset()
        if not node.dependents:
            del self.nodes[uid]
        return node

    def dependents(self, node: Node) -> list[Node]:
        return [self.nodes[uid] for uid in node.dependents if uid in self.nodes]

    def blocking(self, node: Node) -> list[Node]:
        """Dependents that an owner deleted in the foreground must wait for."""
        return [
            each for each in self.dependents(node)
            if any(owner.uid == node.uid and owner.blocks for owner in each.owners)
        ]  # fmt: skip

    def _own(self, node: Node, owners: tuple[Reference, ...]) -> None:
        for gone in {each.uid for each in node.owners} - {each.uid for each in owners}:
            owner = self.nodes.get(gone)
            if owner is not None:
                owner.dependents.discard(node.uid)
                if owner.absent and not owner.dependents:
                    del self.nodes[gone]
        node.owners = owners
        for each in owners:
            owner = self.nodes.get(each.uid)
            if owner is None:
                owner = self.nodes[each.uid] = Node(
                    each.uid, each.api_version, each.kind, node.namespace, each.name
                )
            owner.dependents.add(node.uid)


def references(body: Object) -> tuple[Reference, ...]:
    return tuple(
        Reference(
            each.get("apiVersion", ""), each.get("kind", ""), each.get("name", ""), each.get("uid", ""),
            bool(each.get("blockOwnerDeletion")),
        )
        for each in body["metadata"].get("ownerReferences") or ()
    )  # fmt: skip


def propagation(node: Node, *, wait: bool) -> str:
    """How an object whose owners are gone is deleted; `wait`: an owner waits for it, and it has dependents."""
    if ORPHAN in node.finalizers:
        return "Orphan"
    if wait or FOREGROUND in node.finalizers:
        return "Foreground"
    return "Background"


def sort_owners(
    owners: Iterable[Reference], absent: set[str], waiting: set[str]
) -> tuple[list[Reference], list[Reference], list[Reference]]:
    """(solid, dangling, waiting): owners that keep an object, that are gone, that wait for it to go."""
    found: tuple[list[Reference], list[Reference], list[Reference]] = ([], [], [])
    for each in owners:
        found[1 if each.uid in absent else 2 if each.uid in waiting else 0].append(each)
    return found
