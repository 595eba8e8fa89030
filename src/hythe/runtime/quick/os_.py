"""os: the C module below it, `os.path`, and the few functions that are written in Python.

`environ` is a copy: what is changed in it reaches no program.
"""
# mypy: ignore-errors
# ruff: noqa: F403, F405

from __future__ import annotations

import sys
from posix import *
from posix import _exit
from posix import environ as _environ

from hythe.runtime.quick import lacking

sys.modules.setdefault("os", sys.modules[__name__])  # which the next one imports

import posixpath as path  # noqa: E402

__all__ = ["_exit", "path"]
name = "posix"
SEEK_SET, SEEK_CUR, SEEK_END = 0, 1, 2


def fsencode(filename):
    filename = fspath(filename)
    return filename.encode("utf-8", "surrogateescape") if isinstance(filename, str) else filename


def fsdecode(filename):
    filename = fspath(filename)
    return filename.decode("utf-8", "surrogateescape") if isinstance(filename, bytes) else filename


environ = {fsdecode(key): fsdecode(value) for key, value in _environ.items()}


def makedirs(name, mode=0o777, exist_ok=False):
    head = path.dirname(name.rstrip("/"))
    if head and not path.exists(head):
        makedirs(head, exist_ok=True)
    try:
        mkdir(name, mode)
    except FileExistsError:
        if not exist_ok or not path.isdir(name):
            raise


def __getattr__(name):
    return lacking("os", name)
