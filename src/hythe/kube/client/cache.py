"""Objects of one kind by namespace and name, with indexes: what an informer knows.

What is given out is shared: whoever wants to change an object copies it first (`copied`). An index is a function from
an object to texts; looking up one text gives all objects that have it. The namespace is always an index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar, cast

from hythe.kube.objects.types import Object

Json = TypeVar("Json")
Index = Callable[[Object], Iterable[str]]

NAMESPACE: Final = "namespace"


def key_of(body: Mapping[str, Any]) -> str:
    """ "NAMESPACE/NAME", or "NAME" for the cluster's own kinds."""
    meta = body.get("metadata") or {}
    namespace = meta.get("namespace")
    return f"{namespace}/{meta.get('name', '')}" if namespace else str(meta.get("name", ""))


def split_key(key: str) -> tuple[str, str]:
    """(namespace, name) of what `key_of` made."""
    namespace, slash, name = key.rpartition("/")
    return (namespace, name) if slash else ("", key)


def copied(body: Json) -> Json:
    """A deep copy of JSON; several times as fast as copy.deepcopy."""
    return cast(Json, _copy(body))


def _copy(body: Any) -> Any:
    if isinstance(body, dict):
        return {name: _copy(value) for name, value in body.items()}
    if isinstance(body, list):
        return [_copy(value) for value in body]
    return body


def controller_uid(body: Object) -> Iterable[str]:
    """An index: the uid of the owner that controls an object."""
    for owner in body["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            yield owner["uid"]


def node_name(body: Object) -> Iterable[str]:
    """An index of pods: the node that each is bound to."""
    name = (body.get("spec") or {}).get("nodeName")
    return (name,) if name else ()


class Cache:
    """Keys are `key_of`'s."""

    def __init__(self, indexes: Mapping[str, Index] | None = None) -> None:
        self._objects: dict[str, Object] = {}
        self._indexes: dict[str, Index] = {NAMESPACE: _namespace, **(indexes or {})}
        self._found: dict[str, dict[str, dict[str, Object]]] = {name: {} for name in self._indexes}

    def __len__(self) -> int:
        return len(self._objects)

    def __contains__(self, key: str) -> bool:
        return key in self._objects

    def get(self, key: str) -> Object | None:
        return self._objects.get(key)

    def keys(self) -> list[str]:
        return list(self._objects)

    def all(self) -> list[Object]:
        return list(self._objects.values())

    def in_namespace(self, namespace: str) -> list[Object]:
        return self.by(NAMESPACE, namespace)

    def by(self, index: str, value: str) -> list[Object]:
        """All objects that an index finds under `value`."""
        return list(self._found[index].get(value, {}).values())

    def add_index(self, name: str, index: Index) -> None:
        """A further index; adding the same again does nothing."""
        if name in self._indexes:
            return
        self._indexes[name], self._found[name] = index, {}
        for key, body in self._objects.items():
            self._enter(name, index, key, body)

    def put(self, body: Object) -> Object | None:
        """Store an object; what stood there before."""
        key = key_of(body)
        before = self.remove(key)
        self._objects[key] = body
        for name, index in self._indexes.items():
            self._enter(name, index, key, body)
        return before

    def remove(self, key: str) -> Object | None:
        """Forget an object; what it was."""
        body = self._objects.pop(key, None)
        if body is None:
            return None
        for name, index in self._indexes.items():
            found = self._found[name]
            for value in index(body):
                found[value].pop(key, None)
                if not found[value]:
                    del found[value]
        return body

    def _enter(self, name: str, index: Index, key: str, body: Object) -> None:
        found = self._found[name]
        for value in index(body):
            found.setdefault(value, {})[key] = body


def _namespace(body: Object) -> Iterable[str]:
    return (body["metadata"].get("namespace", ""),)
