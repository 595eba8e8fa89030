"""`FieldManager`: keeps `metadata.managedFields` true for one kind at one endpoint (the resource or a subresource).

    fields = FieldManager(versions, "apps/v1")
    created = fields.update({}, sent, "kubectl-create", now)
    applied = fields.apply(created, configuration, "deployer", force=False, now=now)

Both give a new object and change nothing that they are given. `now` is the time as an RFC 3339 text with seconds.
The name of the manager comes from `entries.manager_name`. What the server itself writes into metadata (name, uid,
resourceVersion, ...) is owned by nobody. At most ten managers who update are kept: the oldest ones are put together.

Source: apimachinery, pkg/util/managedfields/internal/fieldmanager.go and its neighbours.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from hythe.kube.objects import status
from hythe.kube.objects.apply import entries, fieldset, lastapplied
from hythe.kube.objects.apply.conflicts import conflict
from hythe.kube.objects.apply.entries import APPLY, UPDATE, BadEntries, Manager, Owned, Owners
from hythe.kube.objects.apply.fieldset import FieldSet
from hythe.kube.objects.apply.merging import merge
from hythe.kube.objects.apply.ownership import Versions, prune, take
from hythe.kube.objects.apply.paths import Unnamed
from hythe.kube.objects.apply.typed import Malformed, check, fields_of
from hythe.kube.objects.shape import Shape
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import GroupVersionKind, Object

MAX_UPDATERS: Final = 10
_ANCIENT: Final = "ancient-changes"
_BEFORE: Final = "before-first-apply"
_NOBODYS: Final = fieldset.of_paths(
    [("f:apiVersion",), ("f:kind",), ("f:metadata",)]
    + [
        ("f:metadata", f"f:{name}")
        for name in (
            "name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation",
            "managedFields", "resourceVersion",
        )
    ]
)  # fmt: skip


class FieldManager:
    """Ownership of the fields of one kind. `version` is the apiVersion of the requests."""

    def __init__(self, versions: Versions, version: str, subresource: str = "") -> None:
        shape = versions.shape_of(version)
        if shape is None:
            raise ValueError(f"{version} has no shape")
        self._versions, self._version, self._subresource = versions, version, subresource
        self._shape: Shape = shape

    def update(self, live: Object, new: Object, manager: str, now: str) -> Object:
        """`new`, which is about to be stored in place of `live`, with its managedFields.

        `live` is {} for a create. A client may send managedFields of its own (not to a subresource): an empty list
        ends the tracking, a readable one is taken over, anything else is ignored.
        """
        sent = new.get("metadata", {}).get("managedFields")
        had = (live.get("metadata") or {}).get("managedFields")
        known = _known(had)
        owners = self._sent(known, had, sent)
        if not owners and (live.get("metadata") or {}).get("uid"):
            return _with_entries(new, None)
        try:
            owners = self._updated(owners, live, new, manager, now)
        except Unnamed:
            return _with_entries(new, had)  # an object that does not fit its shape is refused elsewhere
        return _written(new, owners, known, had)

    def apply(self, live: Object, config: Object, manager: str, *, force: bool, now: str) -> Object:
        """`live` ({} if there is none) with `config` applied by `manager`.

        Raises `ApiError`: 409 with the conflicts, 400 for a configuration of another version or with managedFields,
        and what Kubernetes says of one that does not fit.
        """
        self._check(config)
        had = (live.get("metadata") or {}).get("managedFields")
        known = _known(had)
        owners = known
        if not owners and (live.get("metadata") or {}).get("uid"):
            owners = self._updated({}, {}, live, _BEFORE, now)
        try:
            applied, left = self._applied(owners, live, config, manager, force=force, now=now)
        except Unnamed as problem:
            raise ApiError(500, "", f"failed to merge config: {problem}") from problem
        if manager == lastapplied.KUBECTL:
            applied = lastapplied.kept_true(applied, config)
        return _written(applied, left, known, had)

    def _sent(self, known: Owners, had: Any, sent: Any) -> Owners:
        """The owners that a client's managedFields say, or those there were."""
        if sent is None or sent is had or self._subresource:
            return known
        if sent in ([], [{}]):
            return {}
        try:
            owners = entries.read(sent)
            for owned in owners.values() if sent != had else ():
                entries.check(owned.fields)
        except (BadEntries, AttributeError):
            return known
        return owners

    def _manager(self, name: str, operation: str) -> Manager:
        version = "" if operation == APPLY else self._version
        return Manager(name or "unknown", operation, version, self._subresource)

    def _updated(self, owners: Owners, live: Object, new: Object, name: str, now: str) -> Owners:
        left, _, found = take(owners, None, live, new, self._version, self._versions)
        mine = fieldset.difference(fieldset.union(found.added, found.changed), _NOBODYS)
        if mine:
            manager = self._manager(name, UPDATE)
            before = left.get(manager)
            fields = fieldset.union(before.fields, mine) if before else mine
            left[manager] = Owned(fields, self._version, now)
        return _capped(left) if len(left) > MAX_UPDATERS else left

    def _applied(
        self, owners: Owners, live: Object, config: Object, name: str, *, force: bool, now: str
    ) -> tuple[Object, Owners]:
        manager = self._manager(name, APPLY)
        last = owners.get(manager)
        mine = fieldset.without(fields_of(config, self._shape), self._versions.ignored)
        trying = {**owners, manager: Owned(mine, self._version, last.time if last else "")}
        merged = prune(merge(live, config, self._shape), trying, last, self._version, self._versions)
        left, lost, _ = take(trying, manager, live, merged, self._version, self._versions)
        if lost and not force:
            self._complain(lost, live, name)
        changed = {**merged, "metadata": _bare(merged)} != {**live, "metadata": _bare(live)}
        fields = fieldset.difference(mine, _NOBODYS)
        left.pop(manager, None)
        if fields:
            time = now if changed or last is None else last.time
            left[manager] = Owned(fields, self._version, time)
        return (merged if changed else live), left

    def _complain(self, lost: Owners, live: Object, name: str) -> None:
        """Raises the conflicts, less those with an earlier client-side apply of the same person."""
        if name == lastapplied.KUBECTL:
            allowed = lastapplied.unchanged(live, self._version, self._shape)
            rest = {
                who: owned.with_fields(fieldset.difference(owned.fields, allowed))
                for who, owned in lost.items()
            }
            lost = {who: owned for who, owned in rest.items() if owned.fields}
        if lost:
            raise conflict(lost)

    def _check(self, config: Object) -> None:
        gvk = GroupVersionKind.of(config)
        if gvk.api_version != self._version:
            raise status.bad_request(
                "Incorrect version specified in apply patch. Specified patch version: "
                f"{gvk.api_version}, expected: {self._version}"
            )
        metadata = config.get("metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        if metadata.get("managedFields") is not None:
            raise status.bad_request("metadata.managedFields must be nil")
        try:
            check(config, self._shape)
        except Malformed as problem:
            where = f"{metadata.get('namespace', '')}/{metadata.get('name', '')}"
            kind = f"{gvk.group}/{gvk.version}, Kind={gvk.kind}"
            raise ApiError(
                500, "", f"failed to create typed patch object ({where}; {kind}): {problem}"
            ) from problem


def _known(had: Any) -> Owners:
    """The owners in an object's managedFields; none, if they cannot be read."""
    try:
        return entries.read(had)
    except (BadEntries, AttributeError):
        return {}


def _written(obj: Object, owners: Owners, known: Owners, had: Any) -> Object:
    """`obj` with these owners; entries that stayed the same are kept as they were."""
    if owners == known and had:
        return _with_entries(obj, had)
    fresh = {
        who: owned if known.get(who) == owned else entries.in_order(owned) for who, owned in owners.items()
    }
    return _with_entries(obj, entries.write(fresh))


def _bare(obj: Object) -> Object:
    return {key: value for key, value in (obj.get("metadata") or {}).items() if key != "managedFields"}


def _with_entries(obj: Object, managed: Any) -> Object:
    """`obj` with these managedFields; without any, if there are none."""
    metadata = {key: value for key, value in (obj.get("metadata") or {}).items() if key != "managedFields"}
    if managed:
        metadata["managedFields"] = managed
    return {**obj, "metadata": metadata}


def _capped(owners: Owners) -> Owners:
    """With the oldest of those who update put together under one name, for each version, until ten are left."""
    updaters = sorted((owned.time, who) for who, owned in owners.items() if who.operation == UPDATE)
    left, first, surplus = dict(owners), dict[str, Manager](), len(updaters) - MAX_UPDATERS
    for _, who in updaters:
        if surplus <= 0:
            break
        owned = left[who]
        bucket = Manager(_ANCIENT, UPDATE, owned.api_version)
        if owned.api_version not in first:
            first[owned.api_version] = who
            continue
        if bucket not in left:
            left[bucket] = left.pop(first[owned.api_version])
        fields: FieldSet = fieldset.union(owned.fields, left[bucket].fields)
        left[bucket] = replace(left[bucket], fields=fields, time=owned.time)
        if who != bucket:
            del left[who]
        surplus -= 1
    return left
