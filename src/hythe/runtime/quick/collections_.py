"""collections: `deque`, and `collections.abc`, which the interpreter has loaded already."""
# mypy: ignore-errors

from __future__ import annotations

import _collections_abc as abc
from _collections import deque

from hythe.runtime.quick import lacking

__all__ = ["abc", "deque"]
__path__: list[str] = []


def __getattr__(name):
    return lacking("collections", name)
