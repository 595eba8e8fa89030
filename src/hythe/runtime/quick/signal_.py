"""signal: the C module below it. Numbers are plain integers here."""
# mypy: ignore-errors

from __future__ import annotations

import _signal

from hythe.runtime.quick import lacking


def __getattr__(name):
    try:
        return getattr(_signal, name)
    except AttributeError:
        return lacking("signal", name)
