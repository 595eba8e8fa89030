"""What the server itself writes into an object when it is made, changed or deleted.

Everything here is about `metadata`, and about who may change which half of an object: its own path all but the
status, the status' path nothing else. Pure functions over objects; the time is passed in.

Source: Kubernetes, pkg/registry/rest (create.go, update.go, delete.go), "Object names and IDs", "Finalizers".
"""

from __future__ import annotations

import copy
import secrets
import uuid
from functools import lru_cache
from typing import Any, Final

from hythe.kube.apiserver.definitions import CustomResource, Definition
from hythe.kube.apiserver.options import DeleteOptions
from hythe.kube.apiserver.strategies import strategy_of
from hythe.kube.objects.schema.decode import typed
from hythe.kube.objects.status import bad_request, conflict
from hythe.kube.objects.types import GroupVersionKind, Object

FOREGROUND: Final = "foregroundDeletion"
ORPHAN: Final = "orphan"
KUBERNETES: Final = "kubernetes"
_ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"
_MAX_GENERATED: Final = 58  # of the 63 that the name of a pod may have, 5 are random
_OURS: Final = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")
_NOT_SPEC: Final = frozenset({"apiVersion", "kind", "metadata", "status"})


def meta(obj: Object) -> dict[str, Any]:
    """The object's metadata, made if it has none."""
    found: dict[str, Any] = obj.setdefault("metadata", {})
    return found


def place(obj: Object, definition: Definition, namespace: str) -> None:
    """Put the object into the namespace that the request names. Raises ApiError if it says another."""
    metadata = meta(obj)
    if not definition.namespaced:
        if metadata.pop("namespace", ""):
            raise bad_request("namespace is not allowed on this type")
        return
    said = metadata.get("namespace") or namespace
    if said != namespace:
        raise bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    metadata["namespace"] = namespace


def named(obj: Object, name: str) -> None:
    """A body must bear the name that the path has; one without a name gets it."""
    metadata = meta(obj)
    said = metadata.get("name") or name
    if said != name:
        raise bad_request(f"the name of the object ({said}) does not match the name on the URL ({name})")
    metadata["name"] = name


def generated_name(base: str) -> str:
    """`base` and five random characters, as `generateName` asks for."""
    return base[:_MAX_GENERATED] + "".join(secrets.choice(_ALPHABET) for _ in range(5))


def before_create(obj: Object, definition: Definition, now: str) -> None:
    """Make it new: its own uid and time, generation 1, no status of a client's, nothing of a deletion."""
    metadata = meta(obj)
    for key in (*_OURS, "resourceVersion", "selfLink"):
        metadata.pop(key, None)
    metadata["uid"] = str(uuid.uuid4())
    metadata["creationTimestamp"] = now
    if definition.generation:
        metadata["generation"] = 1
    strategy = strategy_of(definition)
    if "status" in definition.subresources and not strategy.status_on_create:
        obj.pop("status", None)
        if not isinstance(definition, CustomResource):
            obj["status"] = copy.deepcopy(_no_status(definition.gvk))
    if strategy.initial_status:
        obj["status"] = dict(strategy.initial_status)
    if strategy.spec_finalizers:
        spec = obj.setdefault("spec", {})
        spec["finalizers"] = list(dict.fromkeys([*spec.get("finalizers", []), KUBERNETES]))


@lru_cache(maxsize=256)
def _no_status(gvk: GroupVersionKind) -> Object:
    """The status of a kind that nobody has written yet: no pointer in Go, and some of its numbers always show."""
    empty: Object = typed({"status": {}}, gvk).object.get("status") or {}
    return empty


def before_update(obj: Object, old: Object, definition: Definition) -> None:
    """Keep what no client may change, and the status, which has a path of its own."""
    keep_identity(obj, old)
    if "status" in definition.subresources:
        _copy(old, obj, "status")
    if strategy_of(definition).spec_finalizers and "spec" in old:
        obj["spec"] = {**(obj.get("spec") or {}), "finalizers": old["spec"].get("finalizers", [])}
    if definition.generation and _spec(obj) != _spec(old):
        meta(obj)["generation"] = int(meta(old).get("generation", 0)) + 1


def before_status_update(obj: Object, old: Object, definition: Definition) -> None:
    """Keep all but the status and the free parts of metadata."""
    strategy = strategy_of(definition)
    keep_identity(obj, old)
    for key in (set(obj) | set(old)) - _NOT_SPEC:
        _copy(old, obj, key)
    if strategy.status_keeps_labels:
        _copy(meta(old), meta(obj), "labels")
    if strategy.status_keeps_metadata:
        managed = meta(obj).get("managedFields")
        obj["metadata"] = dict(meta(old))
        if managed is not None:
            obj["metadata"]["managedFields"] = managed


def before_ephemeral_update(obj: Object, old: Object) -> None:
    """Keep all but the ephemeral containers and the revision."""
    added = (obj.get("spec") or {}).get("ephemeralContainers")
    revision, managed = meta(obj).get("resourceVersion"), meta(obj).get("managedFields")
    obj.update({**old, "metadata": dict(meta(old)), "spec": dict(old["spec"])})
    meta(obj)["resourceVersion"] = revision or ""
    if managed is not None:
        meta(obj)["managedFields"] = managed
    obj["spec"].pop("ephemeralContainers", None)
    if added:
        obj["spec"]["ephemeralContainers"] = added


def keep_identity(obj: Object, old: Object) -> None:
    """Keep what says which object this is, and how old."""
    metadata, before = meta(obj), meta(old)
    for key in (*_OURS, "generateName"):
        _copy(before, metadata, key)
    metadata.pop("selfLink", None)


def _copy(source: Object, target: Object, key: str) -> None:
    if key in source:
        target[key] = source[key]
    else:
        target.pop(key, None)


def _spec(obj: Object) -> Object:
    return {key: value for key, value in obj.items() if key not in _NOT_SPEC}


def check_preconditions(definition: Definition, old: Object, uid: str | None, revision: str | None) -> None:
    """Raises ApiError (Conflict) if the object is not the one that is meant."""
    metadata = meta(old)
    name = metadata["name"]
    if uid and uid != metadata["uid"]:
        found = f"UID in precondition: {uid}, UID in object meta: {metadata['uid']}"
        raise conflict(
            definition.qualified, name, f"StorageError: invalid object, Precondition failed: {found}"
        )
    if revision and revision != metadata["resourceVersion"]:
        there = metadata["resourceVersion"]
        found = f"ResourceVersion in precondition: {revision}, ResourceVersion in object meta: {there}"
        raise conflict(definition.qualified, name, f"Precondition failed: {found}")


def finalizers_for(old: Object, options: DeleteOptions, definition: Definition) -> list[str]:
    """The object's finalizers, with those that the kind of deletion adds or takes away."""
    kept = list(meta(old).get("finalizers") or [])
    wanted = options.propagation or ("Orphan" if definition.orphan and not _decided(kept) else "")
    if not wanted:
        return kept
    kept = [each for each in kept if each not in (FOREGROUND, ORPHAN)]
    extra = {"Foreground": FOREGROUND, "Orphan": ORPHAN}.get(wanted)
    return [*kept, extra] if extra else kept


def _decided(finalizers: list[str]) -> bool:
    return FOREGROUND in finalizers or ORPHAN in finalizers


def held(obj: Object, definition: Definition) -> bool:
    """Whether something must still happen before the object may go."""
    spec = obj.get("spec") or {}
    return bool(meta(obj).get("finalizers")) or (
        strategy_of(definition).spec_finalizers and bool(spec.get("finalizers"))
    )


def finished(obj: Object, definition: Definition) -> bool:
    """Whether an object that is being deleted has nothing left to wait for."""
    metadata = meta(obj)
    waiting = int(metadata.get("deletionGracePeriodSeconds") or 0) > 0
    return "deletionTimestamp" in metadata and not waiting and not held(obj, definition)
