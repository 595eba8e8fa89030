"""The kernel's trees of a container, /proc, /sys and /dev, made before anybody asks for it.

What stands there is the same for most containers, and is most of the work of a start: mounts, device nodes,
masks, some 300 system calls. A spare makes them in a passing mount namespace after the pattern of the
container before, with the very functions that would make them later, and keeps detached copies of the whole
trees (open_tree(2)), which then take three calls to attach. A container with another pattern is made in the
plain way. The pid, network, ipc and cgroup namespaces that the trees show must be the container's already.
"""

from __future__ import annotations

import os
from itertools import takewhile
from typing import Any, Final, NamedTuple

from hythe.kernel import mounts as kernel_mounts
from hythe.kernel import namespaces as ns
from hythe.kernel import paths
from hythe.kernel.cgroups import Group
from hythe.oci.spec import Mount
from hythe.runtime.init import devices, masking, mounts

_TOPS: Final = ("/proc", "/sys", "/dev")


class Pattern(NamedTuple):
    """What decides about the trees: the mounts that config.json begins with, and its masks."""

    mounts: list[Mount]
    masked: list[str]
    read_only: list[str]


def _below(path: str, tops: tuple[str, ...]) -> bool:
    return any(path == top or path.startswith(f"{top}/") for top in tops)


def pattern_of(spec: dict[str, Any]) -> Pattern | None:
    """None where something else mixes with the trees: a bind in them, a mask or a later mount that counts on it."""
    entries: list[Mount] = spec.get("mounts") or []
    linux = spec["linux"]
    found = Pattern(
        list(takewhile(lambda one: _below(one["destination"], _TOPS), entries)),
        linux.get("maskedPaths") or [],
        linux.get("readonlyPaths") or [],
    )
    later = entries[len(found.mounts) :]
    plain = all(
        one.get("type") != "bind" and "rbind" not in (one.get("options") or ()) for one in found.mounts
    )
    tops = [one["destination"] for one in found.mounts if one["destination"] in _TOPS]
    if not plain or sorted(tops) != sorted(_TOPS):
        return None
    if any(_below(one["destination"], _TOPS[:2]) for one in later):
        return None
    covered = [*found.masked, *found.read_only]
    return found if all(_below(path, _TOPS[:2]) for path in covered) else None


class Trees:
    """Detached trees for `pattern`, in a process whose control group is `group`."""

    def __init__(self, pattern: Pattern, group: Group) -> None:
        self._pattern = pattern
        self._hierarchies = _hierarchies(group)
        host = os.open("/proc/self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        mask = os.umask(0)
        ns.unshare(ns.CLONE_NEWNS)
        self._made = self._make(group)
        ns.setns(host, ns.CLONE_NEWNS)
        os.umask(mask)
        os.close(host)

    def _make(self, group: Group) -> dict[str, int]:
        null = masking.host_null()
        kernel_mounts.make_private("/")
        top = os.open("/", os.O_PATH | os.O_CLOEXEC)
        root = kernel_mounts.filesystem("tmpfs", (("source", "tmpfs"),))
        kernel_mounts.attach(root, top)
        mounted = mounts.mount_all(root, mounts.parse_all(self._pattern.mounts), {}, group, own_cgroup=True)
        devices.populate(mounted.dev, terminals=mounted.pts >= 0)
        masking.cover(root, mounted.proc, null, self._pattern.masked, self._pattern.read_only)
        made = {}
        for path in _TOPS:
            place = paths.locate(root, path)
            made[path] = kernel_mounts.clone("", dirfd=place, recursive=True)
            os.close(place)
        for fd in (null, top, root, *mounted):
            if fd >= 0:
                os.close(fd)
        return made

    def fit(self, spec: dict[str, Any], group: Group) -> bool:
        """Whether these are the trees that a container wants."""
        return pattern_of(spec) == self._pattern and _hierarchies(group) == self._hierarchies

    def attach(self, root: int) -> tuple[mounts.Mounted, int]:
        """(what was mounted, how many of the mounts of config.json that were)."""
        for path, tree in self._made.items():
            place = mounts.plain_directory(root, path)
            kernel_mounts.attach(tree, place, name=path)
            os.close(place)
        os.close(self._made["/sys"])
        dev = self._made["/dev"]
        pts = -1
        if any(one["destination"] == "/dev/pts" for one in self._pattern.mounts):
            pts = paths.locate(dev, "pts", resolve=paths.RESOLVE_BENEATH | paths.RESOLVE_NO_SYMLINKS)
        return mounts.Mounted(self._made["/proc"], dev, pts), len(self._pattern.mounts)


def _hierarchies(group: Group) -> list[str]:
    return [name for name, *_ in group.mount_points()]
