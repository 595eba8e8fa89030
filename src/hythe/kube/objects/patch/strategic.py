"""Strategic merge patches: Kubernetes' own kind, in which lists are merged by key.

As in a merge patch an object is laid over another and null takes away; beyond that,
- a list whose field has the strategy `merge` is merged: members that are objects by the field's merge key, others as
  a set. Other lists are replaced;
- members of a merged list stand in the order of `$setElementOrder/NAME` or else of the patch; those that the patch
  does not name keep their place relative to the others;
- `$patch: delete` takes an object or a list's member away, `$patch: replace` puts the patch in its place whole (in a
  list: the list), `$patch: merge` is the rule anyway;
- `$deleteFromPrimitiveList/NAME` names members to take from a list that is a set;
- `$retainKeys` names the keys that may stay; what else the object has is dropped.

The names above are never stored. Strategies and keys come from the kind's `Shape`; custom resources have none, and
such patches are refused for them.

Source: apimachinery, pkg/util/strategicpatch; the design proposal "preserve order in strategic merge patch".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hythe.kube.objects import status
from hythe.kube.objects.patch.merge import same
from hythe.kube.objects.patch.ordering import in_order
from hythe.kube.objects.printed import plain, type_name
from hythe.kube.objects.shape import ANY, Field, Shape
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import Object

DIRECTIVE: Final = "$patch"
RETAIN: Final = "$retainKeys"
ORDER: Final = "$setElementOrder/"
DELETE_FROM: Final = "$deleteFromPrimitiveList/"


def apply(document: Object, patch: Any, shape: Shape | None) -> Object:
    """`document` with `patch` merged into it; `shape` is that of its kind, None for a custom resource."""
    if shape is None:
        raise status.unsupported_media_type(
            ("application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml")
        )
    if not isinstance(patch, dict):
        raise status.bad_request(
            "error decoding patch: json: cannot unmarshal value into Go value of type map"
        )
    return _map(document, patch, shape)


def _problem(message: str) -> ApiError:
    """The form of a patch is a bad request; what else is wrong with it has no reason and code 500 in Kubernetes."""
    return status.bad_request(message) if message.startswith("invalid patch") else ApiError(500, "", message)


def _map(old: Mapping[str, Any], patch: Object, shape: Shape) -> Object:
    directive = patch.get(DIRECTIVE)
    if directive == "replace":
        return {key: _plain(value) for key, value in patch.items() if key != DIRECTIVE}
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise _problem(f"unknown patch type: {directive} in map: {plain(patch)}")
    merged = _retained(old, patch)
    for key, value in patch.items():
        if key in (DIRECTIVE, RETAIN):
            continue
        if key.startswith(DELETE_FROM):
            _take_away(merged, key.removeprefix(DELETE_FROM), value)
        elif key.startswith(ORDER):
            _ordered(merged, key.removeprefix(ORDER), value, patch, shape)
        elif f"{ORDER}{key}" in patch and value is not None:
            pass  # merged together with its order
        elif value is None:
            merged.pop(key, None)
        elif key in merged and _alike(merged[key], value):
            merged[key] = _member(merged[key], value, key, shape)
        elif not _is_deletion(value):
            merged[key] = _plain(value)
        else:
            merged.pop(key, None)
    return merged


def _field(shape: Shape, key: str) -> tuple[Shape, frozenset[str], str]:
    """The shape, strategies and merge key of a member; of one that is not declared, nothing is known."""
    field: Field | None = shape.fields.get(key)
    if field is None:
        return shape.element or ANY, frozenset(), ""
    return field.shape, field.strategies, field.merge_key


def _alike(old: Any, new: Any) -> bool:
    return type(old) is type(new)


def _is_deletion(value: Any) -> bool:
    return isinstance(value, dict) and value.get(DIRECTIVE) is not None


def _member(old: Any, new: Any, key: str, shape: Shape) -> Any:
    inner, strategies, merge_key = _field(shape, key)
    if isinstance(new, dict):
        return _plain(new) if "replace" in strategies else _map(old, new, inner)
    if isinstance(new, list) and "merge" in strategies:
        return _list(old, new, inner, merge_key, None)
    return _plain(new)


def _retained(old: Mapping[str, Any], patch: Object) -> Object:
    """`old` without the keys that `$retainKeys` does not name."""
    if RETAIN not in patch:
        return dict(old)
    keys = patch[RETAIN]
    named = {
        key for key, value in patch.items() if value is not None and key != RETAIN and not key.startswith("$")
    }
    if not isinstance(keys, list) or not named <= {str(key) for key in keys}:
        raise _problem("invalid patch format of retainKeys")
    return {key: value for key, value in old.items() if key in keys}


def _take_away(merged: Object, key: str, gone: Any) -> None:
    if not isinstance(gone, list):
        raise _problem("invalid patch format of primitive list")
    if isinstance(merged.get(key), list):
        merged[key] = [each for each in merged[key] if not any(same(each, one) for one in gone)]


def _ordered(merged: Object, key: str, order: Any, patch: Object, shape: Shape) -> None:
    """Merges the list at `key` and puts it in order."""
    inner, strategies, merge_key = _field(shape, key)
    old, new = merged.get(key), patch.get(key)
    if not isinstance(order, list) or not isinstance(new, (list, type(None))):
        raise _problem("invalid patch format of setElementOrder list")
    if key in patch and new is None:
        return
    _check_order(new or [], order, merge_key)
    if isinstance(old, list):
        if "merge" in strategies:
            merged[key] = _list(old, new or [], inner, merge_key, order)
        else:
            merged[key] = _plain(new) if new is not None else old
    elif new is not None:
        merged[key] = in_order(_plain(new), order, [], merge_key)


def _check_order(new: list[Any], order: list[Any], key: str) -> None:
    """The members of the patch must be among those of the order, in the same sequence."""
    rest = iter(order)
    for each in new:
        if isinstance(each, dict) and DIRECTIVE in each:
            continue
        wanted = _name(each, key)
        if not any(same(_name(one, key), wanted) for one in rest):
            raise _problem(
                f"The order in patch list:\n{plain(new)}\n doesn't match $setElementOrder list:\n{plain(order)}\n"
            )


def _name(member: Any, key: str) -> Any:
    """What a member of a list is known by: the value of the merge key, or itself."""
    if not key:
        return member
    if not isinstance(member, dict):
        raise _problem(f"expected a map[string]interface {{}}, but received a {type_name(member)}")
    if key not in member:
        raise _problem(f"map: {plain(member)} does not contain declared merge key: {key}")
    return member[key]


def _list(old: list[Any], new: list[Any], shape: Shape, key: str, order: list[Any] | None) -> list[Any]:
    """`old` and `new` merged, in the `order` given or that of `new`."""
    if not any(isinstance(each, dict) for each in (*old, *new)):
        merged = list(old)
        merged += [each for each in new if not any(same(each, one) for one in merged)]
        return in_order(merged, new if order is None else order, old, "")
    if not key:
        raise _problem("cannot merge lists without merge key")
    kept, patches = _directed(old, new, key)
    merged = list(kept)
    for patch in patches:
        at = next((i for i, each in enumerate(merged) if same(_name(each, key), _name(patch, key))), None)
        if at is None:
            merged.append(_plain(patch))
        else:
            merged[at] = _map(merged[at], patch, shape.element or ANY)
    return in_order(merged, patches if order is None else order, kept, key)


def _directed(old: list[Any], new: list[Any], key: str) -> tuple[list[Any], list[Object]]:
    """What stays of `old` after the directives among `new`, and the members of `new` that are none."""
    kept, patches, replace = old, [], False
    for each in new:
        directive = each.get(DIRECTIVE) if isinstance(each, dict) else None
        if directive is None:
            _name(each, key)
            patches.append(each)
        elif directive == "delete":
            gone = _name(each, key)
            kept = [one for one in kept if not same(_name(one, key), gone)]
        elif directive == "replace":
            replace = True
        elif directive == "merge":
            raise _problem("merging lists cannot yet be specified in the patch")
        else:
            raise _problem(f"unknown patch type: {directive} in map: {plain(each)}")
    return ([] if replace else kept), patches


def _plain(value: Any) -> Any:
    """A part of a patch as a value of its own: without directives and nulls."""
    if isinstance(value, dict):
        return {
            key: _plain(each)
            for key, each in value.items()
            if each is not None and not key.startswith("$") and not _is_deletion(each)
        }
    if isinstance(value, list):
        return [_plain(each) for each in value if not _is_deletion(each)]
    return value
