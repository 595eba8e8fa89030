"""Stand-ins for parts of the standard library that take longer to import than a container takes to make.

`hythe-runtime` is one short process for each command. These modules (with enum, selectors and others behind them) cost
more than 20 ms between them; what the runtime uses of them is little and is here, in the same names, over the C modules
that they stand on. After `install`, which has to be before anything imports them, the stand-ins are what is found by
those names. Each hands over to the real module at the first name that it lacks, so that nothing is ever missing: only
slower. Type checkers and all other programs (the warden, the daemon, tests) see the real modules.
"""

from __future__ import annotations

import sys
from _frozen_importlib import ModuleSpec

NAMES = ("os", "typing", "collections", "contextlib", "ctypes", "functools", "json", "re", "signal", "socket")


_real: set[str] = set()
"""Those whose real modules have been asked for."""


def install() -> None:
    """For those that are not imported already."""
    sys.meta_path.insert(0, _Finder())


class _Finder:
    """A finder and loader of Python's import system: the stand-ins, under the names of what they stand for."""

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        if name not in NAMES or name in _real:
            return None
        return ModuleSpec(name, self)  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> object:
        own = f"{__name__}.{spec.name}_"
        __import__(own)
        return sys.modules[own]

    def exec_module(self, _module: object) -> None:
        """It has run already, under its own name."""


def lacking(module: str, name: str) -> object:
    """What the stand-in for `module` does not have: the real one's. Raises AttributeError."""
    if name.startswith("__"):
        raise AttributeError(name)
    return getattr(real(module), name)


def real(name: str) -> object:
    """The real module `name`, which takes its stand-in's place."""
    present = sys.modules.get(name)
    if present is not None and not present.__name__.startswith(__name__):
        return present
    if name == "collections":
        sys.modules.pop("collections.abc", None)
    _real.add(name)
    sys.modules.pop(name, None)
    __import__(name)
    return sys.modules[name]


def complete(name: str) -> None:
    """See to it that the module `name` is whole: in a forked child nothing more can be imported."""
    real(name)
