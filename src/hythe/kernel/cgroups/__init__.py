"""Control groups, both versions behind one interface.

`detect` looks at what is mounted once; `Layout.group(path)` then names a container's group without touching
anything. v2 is one tree with every controller in it; v1 has a tree for each controller, and the same path is
made in each of those that are mounted (a "hybrid" machine counts as v1). What a group can do is
`interface.Group`.
"""

from __future__ import annotations

from hythe.kernel.cgroups.check import check
from hythe.kernel.cgroups.interface import Group, Layout, Statistics, Support
from hythe.kernel.cgroups.layout import detect
from hythe.kernel.cgroups.report import report

__all__ = ["Group", "Layout", "Statistics", "Support", "check", "detect", "report"]
