"""How fields go from one manager to another.

`take` is the rule of every change: what was changed or added is lost to all others who own it (unless that is a
conflict), what was removed is lost to all. `prune` is the applier's: what it named last time, names no longer, and
nobody else owns, goes from the object.

Owners may have named their fields in another apiVersion of the kind; then both objects are converted to that version
and compared there. Owners in a version that is no longer served are forgotten.

Source: structured-merge-diff, merge/update.go.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hythe.kube.objects.apply import fieldset
from hythe.kube.objects.apply.comparing import Comparison, compare
from hythe.kube.objects.apply.entries import Manager, Owned, Owners
from hythe.kube.objects.apply.fieldset import FieldSet
from hythe.kube.objects.apply.merging import remove, with_named
from hythe.kube.objects.apply.typed import fields_of
from hythe.kube.objects.shape import Shape
from hythe.kube.objects.types import Object

Convert = Callable[[Object, str], Object | None]


@dataclass(frozen=True)
class Versions:
    """The apiVersions of one kind: how an object is converted to one, and the shape of each.

    `convert` answers None for a version that is not served; `ignored` are the fields that this endpoint leaves alone
    (`status` on the main resource, `spec` on status).
    """

    shape_of: Callable[[str], Shape | None]
    convert: Convert
    ignored: FieldSet = field(default_factory=dict)

    def at(self, obj: Object, version: str) -> tuple[Object, Shape] | None:
        """The object and its shape in `version`; None where it is not served."""
        shape = self.shape_of(version)
        same = not obj or obj.get("apiVersion") == version
        converted = obj if same else self.convert(obj, version)
        return None if shape is None or converted is None else (converted, shape)

    def compared(self, old: Object, new: Object, version: str) -> Comparison | None:
        """What differs between two objects, in the names of `version`."""
        before, after = self.at(old, version), self.at(new, version)
        if before is None or after is None:
            return None
        found = compare(before[0], after[0], before[1])
        if not self.ignored:
            return found
        return Comparison(
            fieldset.without(found.added, self.ignored),
            fieldset.without(found.changed, self.ignored),
            fieldset.without(found.removed, self.ignored),
        )


def take(
    owners: Owners, taker: Manager | None, old: Object, new: Object, version: str, versions: Versions
) -> tuple[Owners, Owners, Comparison]:
    """The owners after a change from `old` to `new` by `taker`, what each of the others lost, and the difference.

    What the taker itself comes to own is for the caller to say.
    """
    main = versions.compared(old, new, version) or Comparison()
    compared: dict[str, Comparison | None] = {version: main}
    left: Owners = {}
    lost: Owners = {}
    for manager, owned in owners.items():
        if manager == taker:
            left[manager] = owned
            continue
        if owned.api_version not in compared:
            compared[owned.api_version] = versions.compared(old, new, owned.api_version)
        found = compared[owned.api_version]
        if found is not None:
            _lose(manager, owned, found, left, lost)
    return left, lost, main


def _lose(manager: Manager, owned: Owned, found: Comparison, left: Owners, lost: Owners) -> None:
    fields = owned.fields
    if found.changed or found.added:
        taken = fieldset.intersection(fields, fieldset.union(found.changed, found.added))
        if taken:
            lost[manager] = owned.with_fields(taken)
            fields = fieldset.difference(fields, taken)
    if found.removed:
        fields = fieldset.difference(fields, found.removed)
    if fields:
        left[manager] = owned if fields is owned.fields else owned.with_fields(fields)


def prune(merged: Object, owners: Owners, last: Owned | None, version: str, versions: Versions) -> Object:
    """`merged` without what the applier owned by `last` and nobody owns by `owners`, in which it has its new fields."""
    if last is None or not last.fields or _still_named(last, owners):
        return merged
    there = versions.at(merged, last.api_version)
    if there is None:
        return merged
    whole, shape = there
    pruned = remove(whole, with_named(last.fields, shape), shape)
    if pruned == whole:
        return merged
    pruned = _owned_back(whole, pruned, shape, last.api_version, owners, versions)
    pruned = _dangling_back(whole, pruned, shape, last.fields)
    if last.api_version == version:
        return pruned
    back = versions.at(pruned, version)
    return merged if back is None else back[0]


def _still_named(last: Owned, owners: Owners) -> bool:
    """Whether somebody's present set has all of the last one: the applier's, unless it dropped something."""
    return any(
        owned.api_version == last.api_version and not fieldset.difference(last.fields, owned.fields)
        for owned in owners.values()
    )


def _owned_back(
    whole: Object, pruned: Object, shape: Shape, version: str, owners: Owners, versions: Versions
) -> Object:
    """`pruned` with what went of it though somebody owns it, each owner in the version of its names."""
    by_version: dict[str, FieldSet] = {version: {}}
    for owned in owners.values():
        by_version[owned.api_version] = fieldset.union(by_version.get(owned.api_version, {}), owned.fields)
    for each, fields in by_version.items():
        there = versions.at(whole, each), versions.at(pruned, each)
        if there[0] is None or there[1] is None:
            continue
        (all_of_it, shaped), (rest, _) = there[0], there[1]
        had = with_named(fields_of(all_of_it, shaped), shaped)
        kept = fieldset.union(with_named(fields_of(rest, shaped), shaped), with_named(fields, shaped))
        back = versions.at(remove(all_of_it, fieldset.difference(had, kept), shaped), version)
        if back is not None:
            pruned = back[0]
    return pruned


def _dangling_back(whole: Object, pruned: Object, shape: Shape, last: FieldSet) -> Object:
    """`pruned` with what went along though the applier never owned it, such as fields of a list's member."""
    gone = fieldset.difference(
        with_named(fields_of(whole, shape), shape), with_named(fields_of(pruned, shape), shape)
    )
    return remove(whole, fieldset.intersection(gone, with_named(last, shape)), shape)
