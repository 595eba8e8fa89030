"""The mounts of config.json, put onto the container's root.

A destination is resolved below the root by descriptor (`kernel.paths`), made where it is missing, and
mounted on by that same descriptor, so no link and no race in the image or in a shared volume can move a
mount elsewhere. The kernel's own trees (/proc, /sys) and /dev may not be reached through any link at all:
what a later step trusts to be procfs has to be where it is looked for (CVE-2019-19921, CVE-2023-27561).
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hythe.errors import InvalidArgument
from hythe.kernel import mounts, paths
from hythe.kernel.mount_options import MountOptions, parse
from hythe.kernel.owners import single
from hythe.kernel.usernamespaces import Mapping
from hythe.runtime.init import cgroupfs
from hythe.runtime.init.mappings import mapping_in

if TYPE_CHECKING:
    from hythe.kernel.cgroups import Group
    from hythe.oci.spec import Mount

_NO_LINKS: Final = ("proc", "sysfs")
_LABELLED: Final = ("tmpfs", "devpts")  # by a mount option
_GROUPS: Final = ("cgroup", "cgroup2")
_SHOWN: Final = tuple(
    f"/proc/{name}" for name in "cpuinfo diskstats meminfo stat swaps uptime loadavg slabinfo net/dev".split()
)


class Prepared(NamedTuple):
    """One mount of config.json with its options parsed. `mapping` is its own, where it has one; `label`: SELinux's, for
    one that takes no option for it.
    """

    destination: str
    type: str
    source: str
    options: MountOptions
    mapping: Mapping | None
    label: str = ""

    @property
    def bind(self) -> bool:
        return self.options.bind or self.type == "bind"

    @property
    def new_dev(self) -> bool:
        """A /dev that begins empty, and is filled before anybody sees it."""
        return self.type == "tmpfs" and not self.bind and self.destination.rstrip("/") == "/dev"

    @property
    def folder_in_dev(self) -> str:
        """The name of the folder directly in /dev that it is mounted on; "" for all others."""
        folder, _, name = self.destination.rstrip("/").rpartition("/")
        return name if folder == "/dev" and not self.bind and name not in (".", "..") else ""

    @property
    def read_only_last(self) -> bool:
        """A tmpfs that is made to be read-only: once it has what belongs on it, further mounts included."""
        return self.type == "tmpfs" and not self.bind and bool(self.options.add & mounts.MOUNT_ATTR_RDONLY)


class Mounted(NamedTuple):
    """Descriptors of what was mounted where; of the mounts themselves, not of paths.

    `filling`: those that become read-only when everything is in place.
    """

    proc: int
    dev: int
    pts: int
    filling: tuple[int, ...] = ()

    def seal(self) -> None:
        """Everything is in place."""
        for fd in self.filling:
            mounts.set_attributes(fd, add=mounts.MOUNT_ATTR_RDONLY)

    def close(self) -> None:
        for fd in {self.proc, self.dev, self.pts, *self.filling} - {-1}:
            os.close(fd)


def parse_all(entries: list[Mount], label: str = "") -> list[Prepared]:
    """Raises InvalidArgument and Unsupported, naming the destination. `label`: linux.mountLabel."""
    result: list[Prepared] = []
    for entry in entries:
        destination, kind = entry["destination"], entry.get("type", "")
        options = parse(entry.get("options") or [], destination=destination)
        mapping = mapping_in(entry)
        if label and kind in _LABELLED and not options.bind:
            options = options._replace(data=(*options.data, ("context", label)))
        own_label = label if kind == "mqueue" else ""
        result.append(Prepared(destination, kind, entry.get("source", kind), options, mapping, own_label))
    return result


def all_of(spec: dict[str, Any]) -> list[Prepared]:
    """Those of a config.json. Raises as `parse_all`."""
    return parse_all(spec.get("mounts") or [], spec["linux"].get("mountLabel") or "")


def new(one: Prepared, group: Group, *, own_cgroup: bool, early: list[int] | None = None) -> list[int]:
    """A file system that a process in its own namespaces can make before there is a root, detached.

    Several for control groups, one on the other. `early`: what `kernels_own` made of it. Raises OSError, naming the
    destination.
    """
    try:
        if one.type in _GROUPS:
            return cgroupfs.make(one.options, group, own=own_cgroup, trees=early)
        return early or [file_system(one)]
    except OSError as error:
        raise OSError(error.errno, f"mount {one.source} on {one.destination}: {error.strerror}") from error


def kernels_own(one: Prepared, group: Group) -> list[int]:
    """What can be made of it before the ids of the namespaces are mapped: the kernel's own trees. Raises OSError."""
    if one.type in _GROUPS:
        return cgroupfs.hierarchies(one.options, group, own=True)
    return [file_system(one)]


def file_system(one: Prepared) -> int:
    """A new one of any type but those of control groups. Raises OSError."""
    data = [(key, value) for key, value in one.options.data if key != "gid" or not single()]
    attributes = one.options.add & ~(mounts.MOUNT_ATTR_RDONLY if one.read_only_last else 0)
    made = mounts.filesystem(one.type, (("source", one.source), *data), attributes)
    if one.label:
        os.setxattr(f"/proc/self/fd/{made}", "security.selinux", one.label.encode())
    return made


def mount_all(root: int, prepared: list[Prepared], trees: dict[int, list[int]], group: Group) -> Mounted:
    """Put every mount on the root, in order. Raises OSError or InvalidArgument naming the destination.

    `trees`: what they are, detached, by number: the sources of bind mounts, /dev, those of `new`.
    """
    proc = dev = pts = -1
    filling: list[int] = []
    for number, one in enumerate(prepared):
        try:
            fd = _mount(root, one, trees[number], group)
        except OSError as error:
            text = f"mount {one.source} on {one.destination}: {error.strerror}"
            raise OSError(error.errno, text) from error
        place = one.destination.rstrip("/")
        if one.read_only_last:
            filling.append(fd)
        if place == "/proc" and one.type == "proc":
            proc = fd
        elif place == "/dev" and one.type == "tmpfs":
            dev = fd
        elif place == "/dev/pts" and one.type == "devpts":
            pts = fd
        elif not one.read_only_last:
            os.close(fd)
    return Mounted(proc, dev, pts, tuple(filling))


def _mount(root: int, one: Prepared, made: list[int], group: Group) -> int:
    if one.bind:
        return _bind(root, one, made[0])
    place = _destination(root, one)
    options = one.options
    if one.type in _GROUPS:
        fd = cgroupfs.attach(made, place, options, group)
    else:
        if one.type == "tmpfs":
            _not_in_proc(place, one)
        (fd,) = made
        mounts.attach(fd, place)
    os.close(place)
    if options.propagation:
        mounts.set_attributes(fd, propagation=options.propagation)
    return fd


def _destination(root: int, one: Prepared) -> int:
    """The directory to mount on."""
    if one.type in _NO_LINKS or one.destination.rstrip("/") == "/dev":
        return plain_directory(root, one.destination)
    return paths.directory_in_root(root, one.destination)


def plain_directory(root: int, path: str) -> int:
    """The directory `path`, reached through no link at all; made where it is missing. Raises InvalidArgument."""
    try:
        return paths.locate(root, path.strip("/"), resolve=paths.RESOLVE_BENEATH | paths.RESOLVE_NO_SYMLINKS,
                            flags=os.O_DIRECTORY)  # fmt: skip
    except FileNotFoundError:
        return paths.directory_in_root(root, path)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise InvalidArgument(f"{path} in the image is not an ordinary directory") from error
        raise


def _bind(root: int, one: Prepared, tree: int) -> int:
    if stat.S_ISDIR(os.fstat(tree).st_mode):
        place = paths.directory_in_root(root, one.destination)
    else:
        place = paths.file_in_root(root, one.destination)
    _not_in_proc(place, one)
    mounts.attach(tree, place)
    os.close(place)
    return tree


def _not_in_proc(place: int, one: Prepared) -> None:
    """However a link of the image leads there: a fake over procfs would blind what is checked later (CVE-2025-52881).

    Single files that only show figures may be covered, as lxcfs does.
    """
    if paths.file_system(place) == paths.PROC and one.destination not in _SHOWN:
        raise InvalidArgument(f"{one.destination!r} cannot be mounted because it is inside /proc")
