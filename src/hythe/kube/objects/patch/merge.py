"""JSON merge patches (RFC 7386): an object laid over another; null takes a member away, lists are replaced whole."""

from __future__ import annotations

from typing import Any

from hythe.kube.objects import status
from hythe.kube.objects.types import Object


def apply(document: Object, patch: Any) -> Object:
    """`document` with `patch` laid over it. A patch that is no object is a bad request."""
    if not isinstance(patch, dict):
        raise status.bad_request("Invalid JSON Patch")
    merged: Object = _laid_over(document, patch)
    return merged


def diff(old: Object, new: Object) -> Object:
    """The smallest patch that makes `new` of `old`; nulls inside `new` itself cannot be expressed."""
    patch: Object = {key: None for key in old if key not in new}
    for key, value in new.items():
        if key not in old:
            patch[key] = value
        elif isinstance(value, dict) and isinstance(old[key], dict):
            if inner := diff(old[key], value):
                patch[key] = inner
        elif not same(old[key], value):
            patch[key] = value
    return patch


def same(one: Any, other: Any) -> bool:
    """Equality of JSON values: unlike Python's, true is not 1; 1.0 is 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(*pair) for pair in zip(one, other, strict=True))
    return bool(one == other)


def _laid_over(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _laid_over(merged.get(key), value)
    return merged
