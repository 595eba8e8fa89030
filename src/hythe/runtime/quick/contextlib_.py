"""contextlib: contextmanager, and ExitStack, loaded when one is made."""
# mypy: ignore-errors

from __future__ import annotations

from hythe.runtime.quick import lacking, real


class ExitStack:
    """Makes a real one."""

    def __new__(cls):
        return real("contextlib").ExitStack()


class _Manager:
    """A generator of one value as a `with`."""

    def __init__(self, generator):
        self._generator = generator

    def __enter__(self):
        return next(self._generator)

    def __exit__(self, kind, error, _):
        try:
            if error is None:
                next(self._generator)
            else:
                self._generator.throw(error)
        except StopIteration:
            return error is not None
        except BaseException as raised:
            if raised is not error:
                raise
            return False
        raise RuntimeError("the generator did not stop")


def contextmanager(function):
    def manager(*values, **named):
        return _Manager(function(*values, **named))

    return manager


def __getattr__(name):
    return lacking("contextlib", name)
