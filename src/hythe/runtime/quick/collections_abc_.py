"""collections.abc: names for annotations, which are not evaluated, and for names of types."""
# mypy: ignore-errors

from __future__ import annotations

from hythe.runtime.quick import lacking


class _Type:
    """Of any name."""

    def __class_getitem__(cls, _):
        return cls


Callable = Iterable = Iterator = Mapping = Sequence = _Type


def __getattr__(name):
    return lacking("_collections_abc", name)
