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
from typing import TYPE_CHECKING, Final, NamedTuple

from hythe.errors import InvalidArgument
from hythe.kernel import mounts, paths
from hythe.kernel.mount_options import MountOptions, parse
from hythe.kernel.owners import single
from hythe.kernel.usernamespaces import Mapping
from hythe.runtime.init.mappings import mapping_in

if TYPE_CHECKING:
    from hythe.kernel.cgroups import Group
    from hythe.oci.spec import Mount

_NO_LINKS: Final = ("proc", "sysfs")
_OWN: Final = ("proc", "sysfs", "devpts", "mqueue", "tmpfs")
_SHOWN: Final = tuple(
    f"/proc/{name}" for name in "cpuinfo diskstats meminfo stat swaps uptime loadavg slabinfo net/dev".split()
)


class Prepared(NamedTuple):
    """One mount of config.json with its options parsed. `mapping` is its own, where it has one."""

    destination: str
    type: str
    source: str
    options: MountOptions
    mapping: Mapping | None

    @property
    def bind(self) -> bool:
        return self.options.bind or self.type == "bind"


class Mounted(NamedTuple):
    """Descriptors of what was mounted where; of the mounts themselves, not of paths."""

    proc: int
    dev: int
    pts: int


def parse_all(entries: list[Mount]) -> list[Prepared]:
    """Raises InvalidArgument and Unsupported, naming the destination."""
    result: list[Prepared] = []
    for entry in entries:
        destination, kind = entry["destination"], entry.get("type", "")
        options = parse(entry.get("options") or [], destination=destination)
        mapping = mapping_in(entry)
        result.append(Prepared(destination, kind, entry.get("source", kind), options, mapping))
    return result


def prepare_own(prepared: list[Prepared]) -> dict[int, int]:
    """File systems that a process in its own namespaces can make before there is a root, detached, by number.

    Not those of control groups, which are several, one on the other, and not /dev.
    """
    return {
        number: _new(one)
        for number, one in enumerate(prepared)
        if one.type in _OWN and not one.bind and one.destination.rstrip("/") != "/dev"
    }


def _new(one: Prepared) -> int:
    try:
        data = [(key, value) for key, value in one.options.data if key != "gid" or not single()]
        return mounts.filesystem(one.type, (("source", one.source), *data), one.options.add)
    except OSError as error:
        raise OSError(error.errno, f"mount {one.source} on {one.destination}: {error.strerror}") from error


def mount_all(
    root: int,
    prepared: list[Prepared],
    trees: dict[int, int],
    group: Group,
    *,
    own_cgroup: bool,
) -> Mounted:
    """Put every mount on the root, in order. Raises OSError or InvalidArgument naming the destination.

    `trees`: what is there already, detached, by number: the sources of bind mounts, /dev, those of `prepare_own`.
    """
    proc = dev = pts = -1
    for number, one in enumerate(prepared):
        try:
            fd = _mount(root, one, trees.get(number, -1), group, own_cgroup=own_cgroup)
        except OSError as error:
            text = f"mount {one.source} on {one.destination}: {error.strerror}"
            raise OSError(error.errno, text) from error
        place = one.destination.rstrip("/")
        if place == "/proc" and one.type == "proc":
            proc = fd
        elif place == "/dev" and one.type == "tmpfs":
            dev = fd
        elif place == "/dev/pts" and one.type == "devpts":
            pts = fd
        else:
            os.close(fd)
    return Mounted(proc, dev, pts)


def _mount(root: int, one: Prepared, tree: int, group: Group, *, own_cgroup: bool) -> int:
    if one.bind:
        return _bind(root, one, tree)
    place = _destination(root, one)
    options = one.options
    if one.type in ("cgroup", "cgroup2"):
        fd = _cgroup(place, options, group, own=own_cgroup)
    else:
        if one.type == "tmpfs":
            _not_in_proc(place, one)
        fd = tree if tree >= 0 else _new(one)
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


def _cgroup(place: int, options: MountOptions, group: Group, *, own: bool) -> int:
    """The container's own part of the control group tree(s), as if it were all there is.

    v2 is one mount. v1 is a tmpfs with a mount for each tree and links for those that are mounted together.
    """
    points = group.mount_points()
    if points and points[0][0] == "":
        fd = _hierarchy(points[0][1:], options.add, own=own)
        mounts.attach(fd, place)
        return fd
    access = options.add & mounts.MOUNT_ATTR_RDONLY
    top = mounts.filesystem(
        "tmpfs", (("source", "cgroup"), ("mode", "755"), ("size", "64k")), options.add & ~access
    )
    mounts.attach(top, place)
    for name, *rest in points:
        os.mkdir(name, 0o755, dir_fd=top)
        for alias in name.split(","):
            if alias != name:
                os.symlink(name, alias, dir_fd=top)
        target = paths.locate(top, name, resolve=paths.RESOLVE_BENEATH)
        fd = _hierarchy(tuple(rest), options.add, own=own)  # type: ignore[arg-type]
        mounts.attach(fd, target)
        os.close(fd)
        os.close(target)
    if access:
        mounts.set_attributes(top, add=access)
    return top


def _hierarchy(
    point: tuple[str, tuple[tuple[str, str | None], ...], str], attributes: int, *, own: bool
) -> int:
    """With a cgroup namespace a fresh mount shows the container's group as its top; without, the folder is
    bound.
    """
    kind, data, folder = point
    if own:
        return mounts.filesystem(kind, (("source", "cgroup"), *data), attributes)
    fd = mounts.clone(folder)
    mounts.set_attributes(fd, add=attributes, propagation=mounts.MS_PRIVATE)
    return fd
