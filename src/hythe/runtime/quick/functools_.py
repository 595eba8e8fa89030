"""functools: `cache` for functions of few values."""
# mypy: ignore-errors

from __future__ import annotations

from hythe.runtime.quick import lacking


def cache(function):
    known = {}

    def cached(*values):
        if values not in known:
            known[values] = function(*values)
        return known[values]

    return cached


def __getattr__(name):
    return lacking("functools", name)
