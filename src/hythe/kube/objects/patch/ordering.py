"""The order of a list that a strategic merge patch has merged.

Members that the patch's order names stand in that order; those that it does not name are put between them where they
stood before: each before the first member that followed it in the old list.

Source: apimachinery, pkg/util/strategicpatch (normalizeElementOrder, mergeSortedSlice).
"""

from __future__ import annotations

import json
from typing import Any


def in_order(merged: list[Any], order: list[Any], old: list[Any], key: str) -> list[Any]:
    """The members of `merged` in their final order; `key` is the merge key, empty for plain values."""
    place = {_identity(each, key): index for index, each in reversed(list(enumerate(order)))}
    before = {_identity(each, key): index for index, each in reversed(list(enumerate(old)))}
    named = [each for each in merged if _identity(each, key) in place]
    named.sort(key=lambda each: place[_identity(each, key)])
    others = [each for each in merged if _identity(each, key) not in place]
    others.sort(key=lambda each: before.get(_identity(each, key), len(old)))
    return _interleaved(named, others, [before.get(_identity(each, key)) for each in named], before, key)


def _interleaved(
    named: list[Any], others: list[Any], places: list[int | None], before: dict[str, int], key: str
) -> list[Any]:
    """Both lists in one, each in its own order; one of `others` goes first where it stood first in the old list."""
    result, rest = [], list(others)
    for each, place in zip(named, places, strict=True):
        while place is not None and rest and before.get(_identity(rest[0], key), place) < place:
            result.append(rest.pop(0))
        result.append(each)
    return result + rest


def _identity(member: Any, key: str) -> str:
    known = member.get(key) if key and isinstance(member, dict) else member
    return json.dumps(known, sort_keys=True)
