"""collections: `deque`, and `collections.abc`."""
# mypy: ignore-errors

from __future__ import annotations

import sys
from _collections import deque

from hythe.runtime.quick import collections_abc_ as abc
from hythe.runtime.quick import lacking

__all__ = ["abc", "deque"]
__path__: list[str] = []
sys.modules.setdefault("collections.abc", abc)


def __getattr__(name):
    return lacking("collections", name)
