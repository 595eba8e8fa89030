"""ctypes: libraries, and the types that system calls take, on the C module below it.

The real one defines a hundred types and looks at each, which takes as long as a container's mounts.
"""
# mypy: ignore-errors

from __future__ import annotations

from _ctypes import (
    FUNCFLAG_CDECL,
    FUNCFLAG_PYTHONAPI,
    FUNCFLAG_USE_ERRNO,
    CFuncPtr,
    Structure,
    _SimpleCData,
    addressof,
    byref,
    dlopen,
    get_errno,
    sizeof,
)

from hythe.runtime.quick import lacking

__all__ = ["Structure", "addressof", "byref", "get_errno", "sizeof"]


class c_char(_SimpleCData):
    _type_ = "c"


class c_int(_SimpleCData):
    _type_ = "i"


class c_ushort(_SimpleCData):
    _type_ = "H"


class c_long(_SimpleCData):
    _type_ = "l"


class c_uint32(_SimpleCData):
    _type_ = "I"


class c_uint64(_SimpleCData):
    _type_ = "L"


class c_char_p(_SimpleCData):
    _type_ = "z"


class c_void_p(_SimpleCData):
    _type_ = "P"


c_uint = c_uint32


class CDLL:
    """A library; its functions return an int until they are told otherwise."""

    _flags = FUNCFLAG_CDECL

    def __init__(self, name, use_errno=False):
        class Function(CFuncPtr):
            _flags_ = self._flags | (FUNCFLAG_USE_ERRNO if use_errno else 0)
            _restype_ = c_int

        self._function = Function
        self._handle = dlopen(name, 0)

    def __getattr__(self, name):
        function = self._function((name, self))
        setattr(self, name, function)
        return function


class PyDLL(CDLL):
    """One whose functions are called with the interpreter's lock held."""

    _flags = FUNCFLAG_CDECL | FUNCFLAG_PYTHONAPI


pythonapi = PyDLL(None)


def create_string_buffer(initial, size=None):
    if isinstance(initial, int):
        return (c_char * initial)()
    made = (c_char * (len(initial) + 1 if size is None else size))()
    made.value = initial
    return made


def __getattr__(name):
    return lacking("ctypes", name)
