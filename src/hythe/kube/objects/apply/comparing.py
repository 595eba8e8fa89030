"""What differs between two objects: what was added, changed and removed, as sets of fields.

Of what is new or gone every node counts, so that the owner of a new list's member also owns the member itself. Equal
parts are told by one comparison of Python's and not walked. Source: structured-merge-diff, typed/compare.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hythe.kube.objects.apply import paths
from hythe.kube.objects.apply.fieldset import SELF, FieldSet
from hythe.kube.objects.apply.typed import child, is_leaf
from hythe.kube.objects.shape import ANY, Shape


@dataclass(slots=True)
class Comparison:
    """What differs between two objects, as sets of fields."""

    added: FieldSet = field(default_factory=dict)
    changed: FieldSet = field(default_factory=dict)
    removed: FieldSet = field(default_factory=dict)


def compare(old: Mapping[str, Any], new: Mapping[str, Any], shape: Shape) -> Comparison:
    """What was added, changed and removed on the way from `old` to `new`."""
    found = Comparison()
    _compare_maps(old, new, shape, found)
    return found


def _all_of(value: Any, shape: Shape) -> FieldSet:
    """Every node of a value that is new or gone, itself among them."""
    if not value or is_leaf(value, shape):
        return {}
    found: FieldSet = {SELF: {}}
    if isinstance(value, dict):
        for name, each in value.items():
            found[f"f:{name}"] = _all_of(each, child(shape, name))
        return found
    for each in value:
        name = paths.of_member(shape, each)
        found[name] = {} if name in found else _all_of(each, shape.element or ANY)
    return found


def _compare_maps(old: Mapping[str, Any], new: Mapping[str, Any], shape: Shape, found: Comparison) -> None:
    declared = shape.fields
    for name, value in new.items():
        known = declared.get(name)
        if name in old:
            before = old[name]
            if before is value or (before == value and type(before) is type(value)):
                continue
        elif known is not None and known.always and isinstance(value, (dict, list)):
            before = type(value)()
            if not value:
                continue
        else:
            found.added[f"f:{name}"] = _all_of(value, known.shape if known else shape.element or ANY)
            continue
        _compare(f"f:{name}", before, value, known.shape if known else shape.element or ANY, found)
    if len(old) > len(new) or any(name not in new for name in old):
        _gone_from_map(old, new, shape, found)


def _gone_from_map(old: Mapping[str, Any], new: Mapping[str, Any], shape: Shape, found: Comparison) -> None:
    for name, value in old.items():
        if name in new:
            continue
        known = shape.fields.get(name)
        inner = known.shape if known else shape.element or ANY
        if known is not None and known.always and isinstance(value, (dict, list)):
            if value:
                _compare(f"f:{name}", value, type(value)(), inner, found)
        else:
            found.removed[f"f:{name}"] = _all_of(value, inner)


def _compare(name: str, old: Any, new: Any, shape: Shape, found: Comparison) -> None:
    """Two values of the same place that are not the same."""
    if old is None and isinstance(new, (dict, list)):
        old = type(new)()
    elif new is None and isinstance(old, (dict, list)):
        new = type(old)()
    if not old and not new:
        found.changed[name] = {}
    elif is_leaf(old, shape) or is_leaf(new, shape) or type(old) is not type(new):
        _replaced(name, old, new, shape, found)
    else:
        inner = Comparison()
        if isinstance(new, dict):
            _compare_maps(old, new, shape, inner)
        else:
            _compare_lists(old, new, shape, inner)
        _attach(name, inner, found)


def _replaced(name: str, old: Any, new: Any, shape: Shape, found: Comparison) -> None:
    """A leaf, or something of another sort: the place is changed, what was below it is gone, what is now is new."""
    if old == new and type(old) is not bool and type(new) is not bool:
        return
    found.changed[name] = {}
    for value, into in ((old, found.removed), (new, found.added)):
        if not is_leaf(value, shape):
            below = {key: each for key, each in _all_of(value, shape).items() if key != SELF}
            if below:
                into[name] = below


def _attach(name: str, inner: Comparison, found: Comparison) -> None:
    if inner.added:
        found.added[name] = inner.added
    if inner.changed:
        found.changed[name] = inner.changed
    if inner.removed:
        found.removed[name] = inner.removed


def by_name(value: list[Any], shape: Shape) -> dict[str, list[Any]]:
    """The members of a list by their path elements; usually one each."""
    found: dict[str, list[Any]] = {}
    for each in value:
        found.setdefault(paths.of_member(shape, each), []).append(each)
    return found


def _compare_lists(old: list[Any], new: list[Any], shape: Shape, found: Comparison) -> None:
    before, after = by_name(old, shape), by_name(new, shape)
    element = shape.element or ANY
    for name, values in after.items():
        olds = before.get(name)
        if olds is None:
            found.added[name] = _all_of(values[0], element) if len(values) == 1 else {}
        elif olds == values:
            continue
        elif len(olds) == 1 and len(values) == 1:
            _compare(name, olds[0], values[0], element, found)
        else:
            _duplicates(name, olds, values, element, found)
    for name, olds in before.items():
        if name not in after:
            found.removed[name] = _all_of(olds[0], element) if len(olds) == 1 else {}


def _duplicates(name: str, olds: list[Any], values: list[Any], element: Shape, found: Comparison) -> None:
    """Several members of one name are one value together."""
    if len(olds) > 1 and len(values) > 1:
        found.changed[name] = {}
    elif len(olds) > 1:
        found.added[name], found.removed[name] = _all_of(values[0], element), {}
    else:
        found.added[name], found.removed[name] = {}, _all_of(olds[0], element)
