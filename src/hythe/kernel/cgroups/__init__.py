"""Control groups, both versions behind one interface.

`detect` looks at what is mounted once; `Layout.group(path)` then names a container's group without touching
anything. v2 is one tree with every controller in it; v1 has a tree for each controller, and the same path is
made in each of those that are mounted (a "hybrid" machine counts as v1). What a group can do is
`interface.Group`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hythe.kernel.cgroups.interface import Group, Layout, Statistics, Support
    from hythe.kernel.cgroups.layout import detect

__all__ = ["Group", "Layout", "Statistics", "Support", "detect"]


def __getattr__(name: str) -> object:
    """One of these, when it is asked for: a command that is a process of its own has no time for the types."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from hythe.kernel.cgroups import interface, layout

    return layout.detect if name == "detect" else getattr(interface, name)
