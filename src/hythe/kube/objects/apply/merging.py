"""What an applied configuration makes of an object: merged member by member, and without what was dropped.

The members of a list that both have stand in the configuration's order; those that only the object has stay behind
the member that they followed. Nulls in a configuration are owned, and nothing is stored for them.

Source: structured-merge-diff, typed/merge.go and remove.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hythe.kube.objects.apply import paths
from hythe.kube.objects.apply.comparing import by_name
from hythe.kube.objects.apply.fieldset import SELF, FieldSet, has_self
from hythe.kube.objects.apply.typed import child, is_leaf
from hythe.kube.objects.shape import ANY, Shape

_NOTHING: Final = object()


def merge(live: Mapping[str, Any], config: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    """`live` with `config` merged into it. What does not change is shared with either."""
    merged = dict(live)
    for name, value in config.items():
        inner = child(shape, name)
        if value is None:
            if is_leaf(live.get(name), inner):
                merged.pop(name, None)
        else:
            merged[name] = _merged(live.get(name), value, inner)
    return merged


def _merged(live: Any, config: Any, shape: Shape) -> Any:
    if live is None or is_leaf(config, shape) or is_leaf(live, shape) or type(live) is not type(config):
        return _without_nulls(config)
    if isinstance(config, dict):
        return merge(live, config, shape)
    return _merged_lists(live, config, shape)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value


def _merged_lists(live: list[Any], config: list[Any], shape: Shape) -> list[Any]:
    """The order is that of the configuration; what only `live` has comes as early as that allows."""
    element = shape.element or ANY
    ours = [paths.of_member(shape, each) for each in live]
    theirs = [paths.of_member(shape, each) for each in config]
    before = {
        name: members[0] if len(members) == 1 else None for name, members in by_name(live, shape).items()
    }
    wanted = dict(zip(theirs, config, strict=True))
    shared = [name for name in theirs if name in before]
    result: list[Any] = []
    done: set[str] = set()
    left, right = 0, 0
    while left < len(ours) or right < len(theirs):
        if left < len(ours):
            name = ours[left]
            if name not in wanted:
                result.append(live[left])
                left += 1
                continue
            if name in done or (right < len(theirs) and shared and name != shared[0]):
                left += 1
                continue
        name = theirs[right]
        result.append(_merged(before.get(name), config[right], element))
        done.add(name)
        right += 1
        if left < len(ours) and ours[left] == name:
            left += 1
        if shared and shared[0] == name:
            shared.pop(0)
    return result


def remove(value: Mapping[str, Any], gone: FieldSet, shape: Shape) -> dict[str, Any]:
    """`value` without the fields of `gone`; what becomes empty by that goes too."""
    kept = _remove(value, gone, shape)
    return kept if isinstance(kept, dict) else {}


def _remove(value: Any, gone: FieldSet, shape: Shape) -> Any:
    """What stays of a value of which something goes; `_NOTHING` if it becomes empty."""
    if isinstance(value, dict):
        if shape.atomic:
            return _NOTHING
        kept = {}
        for name, each in value.items():
            left = _left(each, gone.get(f"f:{name}"), child(shape, name))
            if left is not _NOTHING:
                kept[name] = left
        return kept or _NOTHING
    if isinstance(value, list):
        return _NOTHING if is_leaf(value, shape) else _remove_members(value, gone, shape)
    return value


def _left(value: Any, gone: FieldSet | None, shape: Shape) -> Any:
    """What stays of one member, of which `gone` goes; None if nothing does."""
    if gone is None:
        return value
    if has_self(gone):
        return _NOTHING
    return _remove(value, gone, shape)


def _remove_members(value: list[Any], gone: FieldSet, shape: Shape) -> Any:
    kept = []
    for each in value:
        left = _left(each, gone.get(paths.of_member(shape, each)), shape.element or ANY)
        if left is not _NOTHING:
            kept.append(left)
    return kept or _NOTHING


def with_named(fields: FieldSet, shape: Shape) -> FieldSet:
    """`fields` and the declared fields that lead to them, which an applier does not own but brings about."""
    found: FieldSet = {}
    for element, node in fields.items():
        if element == SELF or not node:
            found[element] = node
            continue
        declared = shape.fields.get(element[2:]) if element.startswith("f:") else None
        inner = declared.shape if declared else shape.element or ANY
        below = with_named(node, inner)
        found[element] = {SELF: {}, **below} if declared and SELF not in below else below
    return found
