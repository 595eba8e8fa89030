"""Stand-ins for parts of the standard library that take longer to import than a container takes to make.

`hythe-runtime` is one short process for each command. These modules (with enum, selectors and others behind them) cost
more than 20 ms between them; what the runtime uses of them is little and is here, in the
same names, over the C modules that they stand on. `install` puts the stand-ins into sys.modules, before anything that
imports those. Each hands over to the real module at the first name that it lacks, so that nothing is ever missing:
only slower. Type checkers and all other programs (the warden, the daemon, tests) see the real modules.
"""

from __future__ import annotations

import sys

NAMES = ("os", "typing", "collections", "contextlib", "ctypes", "functools", "json", "re", "signal", "socket")


def install() -> None:
    """For those that are not imported already."""
    for name in NAMES:
        if name not in sys.modules:
            __import__(f"{__name__}.{name}_")
            sys.modules[name] = sys.modules[f"{__name__}.{name}_"]


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
    sys.modules.pop(name, None)
    __import__(name)
    return sys.modules[name]


def complete(name: str) -> None:
    """See to it that the module `name` is whole: in a forked child nothing more can be imported."""
    real(name)
