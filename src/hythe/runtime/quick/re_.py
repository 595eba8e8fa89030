"""re: patterns that are compiled when they are first used."""
# mypy: ignore-errors

from __future__ import annotations

from hythe.runtime.quick import lacking, real


class _Later:
    """A pattern, as far as one that is never used has to be one."""

    def __init__(self, arguments):
        self._arguments = arguments

    def __getattr__(self, name):
        return getattr(real("re").compile(*self._arguments), name)


def compile(*arguments):
    return _Later(arguments)


def __getattr__(name):
    return lacking("re", name)
