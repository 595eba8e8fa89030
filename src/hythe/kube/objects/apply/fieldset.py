"""Sets of fields, in the form in which `fieldsV1` is stored: nested dicts by path element.

    {"f:spec": {"f:containers": {'k:{"name":"web"}': {".": {}, "f:image": {}}}}}

A node that is empty, or that has ".", is in the set; other nodes only lead to their members. The functions never
change what they are given, and share what stays the same: a set read from an object is used as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

FieldSet: TypeAlias = dict[str, Any]

SELF: Final = "."


def has_self(node: Mapping[str, Any]) -> bool:
    """Whether the node itself is a member, not only what is below it."""
    return not node or SELF in node


def of_paths(paths: Iterable[tuple[str, ...]]) -> FieldSet:
    """The set of these paths of path elements."""
    found: FieldSet = {}
    for path in paths:
        node = found
        for element in path[:-1]:
            if element in node and not node[element]:
                node[element] = {SELF: {}}
            node = node.setdefault(element, {})
        if node.get(path[-1]):
            node[path[-1]][SELF] = {}
        else:
            node[path[-1]] = {}
    return found


def _node(member: bool, children: FieldSet) -> FieldSet | None:
    """A node of these parts; None if nothing is in it."""
    if not children:
        return {} if member else None
    return {SELF: {}, **children} if member else children


def _children(node: FieldSet) -> FieldSet:
    return {key: value for key, value in node.items() if key != SELF} if SELF in node else node


def union(one: FieldSet, other: FieldSet) -> FieldSet:
    """What is in either."""
    if not other or one is other:
        return one
    if not one:
        return other
    result = dict(one)
    for key, theirs in other.items():
        if key not in result:
            result[key] = theirs
        elif key != SELF:
            result[key] = _union(result[key], theirs)
    return result


def _union(one: FieldSet, other: FieldSet) -> FieldSet:
    if one is other:
        return one
    member = has_self(one) or has_self(other)
    return _node(member, union(_children(one), _children(other))) or {}


def intersection(one: FieldSet, other: FieldSet) -> FieldSet:
    """What is in both."""
    if one == other:
        return one
    result: FieldSet = {}
    for key, ours in one.items():
        if key != SELF and key in other:
            theirs = other[key]
            member = has_self(ours) and has_self(theirs)
            node = _node(member, intersection(ours, theirs) if ours and theirs else {})
            if node is not None:
                result[key] = node
    return result


def difference(one: FieldSet, other: FieldSet) -> FieldSet:
    """What is in `one` and not in `other`; taking a node away leaves what is below it."""
    if not other:
        return one
    if one == other:
        return {}
    result: FieldSet = {}
    for key, ours in one.items():
        if key == SELF:
            continue
        if key not in other:
            result[key] = ours
            continue
        member = has_self(ours) and not has_self(other[key])
        node = _node(member, difference(_children(ours), _children(other[key])))
        if node is not None:
            result[key] = node
    return result


def without(one: FieldSet, other: FieldSet) -> FieldSet:
    """As `difference`, but a member of `other` takes everything below it along."""
    if not other:
        return one
    result: FieldSet = {}
    for key, ours in one.items():
        if key == SELF:
            continue
        if key not in other:
            result[key] = ours
        elif not has_self(other[key]):
            node = _node(has_self(ours), without(_children(ours), other[key]))
            if node is not None:
                result[key] = node
    return result


def members(one: FieldSet, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths in the set: of each node first its members in order, then what is below its children."""
    keys = sorted(key for key in one if key != SELF)
    for key in keys:
        if has_self(one[key]):
            yield (*path, key)
    for key in keys:
        if one[key]:
            yield from members(one[key], (*path, key))


def ordered(one: FieldSet) -> FieldSet:
    """The same set as it is stored: names in order, "." first."""
    return {key: ordered(one[key]) if one[key] else {} for key in sorted(one)}
