"""What a container's file system is made of and only the host's root can make: detached mounts, by descriptor.

The root, the sources of bind mounts, /dev with its nodes. They are made outside of the container's user
namespace, where it has one, with their owners shown through its mapping, and handed to its first process,
which has no way of its own to any of them. Bind mounts are copied while they still share what is mounted
later with the host.
"""

from __future__ import annotations

import marshal
import os
import socket
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from hythe.errors import InvalidArgument
from hythe.kernel import mounts, usernamespaces
from hythe.kernel.namespaces import CLONE_NEWNS, setns
from hythe.kernel.usernamespaces import Mapping, files_made_by_root
from hythe.runtime.init import devices, namespaces, nodes, rootfs
from hythe.runtime.init.mounts import Prepared, new

if TYPE_CHECKING:
    from hythe.kernel.cgroups import Group
    from hythe.oci.spec import Mount, Root

_PACKET: Final = 1 << 16
_AT_ONCE: Final = 200
"""Descriptors in one packet; the kernel takes 253 (SCM_MAX_FD)."""


class Namespace(NamedTuple):
    """The container's user namespace: a descriptor of it and what it maps."""

    fd: int
    mapping: Mapping


class Sources(NamedTuple):
    """`trees` by the place in config.json's mounts: what is mounted there (several for control groups).

    `place` is where to attach the root: hooks look for it at its path. `nodes`: devices to bind, by their paths.
    """

    root: int
    trees: dict[int, list[int]]
    place: str = "/"
    nodes: tuple[tuple[str, int], ...] = ()


class Layers(NamedTuple):
    """What the root is made of: mounts, or without any the bundle's own folder."""

    mounts: list[Mount]
    bundle: str


def gather(
    spec: dict[str, Any],
    prepared: list[Prepared],
    layers: Layers,
    user: Namespace | None,
    group: Group,
    order: Iterable[tuple[int, Prepared]],
) -> Sources:
    """Make the root, then those of `prepared`, which are the mounts of `spec`, that `order` gives, in that order.

    `user` is None for a container in the host's user namespace. Raises OSError, HytheError.
    """
    linux = spec["linux"]
    wanted = linux.get("devices") or []
    root_last = rootfs.cuts_off(layers.mounts, mapped=user is not None)
    root = -1 if root_last else _root(spec, layers, user)
    below = [name for one in prepared if (name := one.folder_in_dev)]
    own_cgroup = "cgroup" in namespaces.own(linux)
    trees: dict[int, list[int]] = {}
    for number, one in order:
        if one.bind:
            trees[number] = [_copy(one, user)]
        elif one.new_dev:
            trees[number] = [dev(one, wanted, user, below)]
        else:
            trees[number] = new(one, group, own_cgroup=own_cgroup)
    for device in wanted:
        if user is not None and not device["path"].startswith("/dev/"):
            raise InvalidArgument(
                f"device {device['path']}: outside of /dev it takes the host's user namespace"
            )
    bound = () if usernamespaces.initial() else _nodes(prepared, wanted)
    root = _root(spec, layers, user) if root_last else root
    place = "/" if layers.mounts else rootfs.path_of(layers.bundle, spec.get("root") or {})
    return Sources(root, trees, place, bound)


def _root(spec: dict[str, Any], layers: Layers, user: Namespace | None) -> int:
    return rootfs.make(layers.bundle, cast("Root", spec.get("root") or {}), layers.mounts, user)


def _nodes(prepared: list[Prepared], wanted: list[Any]) -> tuple[tuple[str, int], ...]:
    """The host's nodes, for a /dev that is a tmpfs and so begins empty."""
    own = any(one.new_dev for one in prepared)
    found = {f"/dev/{name}": tree for name, tree in nodes.usual(devices.DEFAULT if own else ()).items()}
    found |= nodes.asked([one for one in wanted if own and one["path"] not in found])
    return tuple(found.items())


def _copy(one: Prepared, user: Namespace | None) -> int:
    """The source of a bind mount; its attributes are changed while nobody sees it."""
    options = one.options
    pid, path = _elsewhere(one.source)
    try:
        if pid:
            tree = _clone_of(pid, path, recursive=options.recursive)
        else:
            tree = mounts.clone(one.source, recursive=options.recursive)
    except FileNotFoundError as error:
        raise InvalidArgument(f"bind source path does not exist: {one.source}") from error
    if options.idmap:
        _map_owners(tree, one, user)
    propagation = options.propagation or mounts.MS_PRIVATE
    mounts.set_attributes(
        tree, propagation=propagation, recursive=options.tree_propagation or not options.propagation
    )
    if options.add or options.remove:
        mounts.set_attributes(tree, add=options.add, remove=options.remove)
    if options.tree_add or options.tree_remove:
        mounts.set_attributes(tree, add=options.tree_add, remove=options.tree_remove, recursive=True)
    return tree


def _elsewhere(source: str) -> tuple[str, str]:
    """(pid, path) of /proc/PID/root/PATH: what another container has mounted, of which only a process in its mount
    namespace can make a clone. ("", "") for all else. No regular expression: `hythe-runtime` has no time for them.
    """
    parts = source.split("/", 4)
    if (
        len(parts) == 5
        and parts[:2] == ["", "proc"]
        and parts[2].isdigit()
        and parts[3] == "root"
        and parts[4]
    ):
        return parts[2], f"/{parts[4]}"
    return "", ""


def _clone_of(pid: str, path: str, *, recursive: bool) -> int:
    """A copy of what a process has mounted at `path`; the mount namespace is changed for that. Raises OSError."""
    own = os.open("/proc/self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    try:
        theirs = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        try:
            setns(theirs, CLONE_NEWNS)
        finally:
            os.close(theirs)
        try:
            return mounts.clone(path, recursive=recursive)
        finally:
            setns(own, CLONE_NEWNS)
    finally:
        os.close(own)


def _map_owners(tree: int, one: Prepared, user: Namespace | None) -> None:
    """Through the mount's own mapping, else the container's (config.md, Mounts, idmap)."""
    own = -1
    if one.mapping is not None:
        own = usernamespaces.made(one.mapping)
    elif user is None:
        raise InvalidArgument(
            f"mount {one.destination}: {one.options.idmap} needs mappings, of its own or of a user namespace"
        )
    try:
        mounts.idmap(tree, user.fd if own < 0 and user else own, recursive=one.options.idmap == "ridmap")
    except OSError as error:
        raise OSError(
            error.errno,
            f"mount {one.source} on {one.destination}: its owners cannot be mapped: {error.strerror}",
        ) from error
    finally:
        if own >= 0:
            os.close(own)


def dev(one: Prepared, wanted: list[Any], user: Namespace | None, below: list[str]) -> int:
    """/dev, filled: nodes can only be made, and are only of use, in a file system of the host's root.

    `below`: folders in it, for further mounts.
    """
    if user is None or user.mapping.uid(0) is None:
        return _filled(one, wanted, None, below)
    with files_made_by_root(user.mapping):
        return _filled(one, wanted, user.mapping, below)


def _filled(one: Prepared, wanted: list[Any], mapping: Mapping | None, below: list[str]) -> int:
    mask = os.umask(0)
    attributes = one.options.add & ~mounts.MOUNT_ATTR_RDONLY
    fd = mounts.filesystem("tmpfs", (("source", one.source), *one.options.data), attributes)
    makes_nodes = usernamespaces.initial()
    devices.populate(fd, terminals="pts" in below, nodes=makes_nodes)
    for device in wanted:
        if device["path"].startswith("/dev/") and (makes_nodes or device.get("type") == "p"):
            devices.make(fd, device, below="/dev/", mapping=mapping)
    for name in below:
        try:
            os.mkdir(name, 0o755, dir_fd=fd)
        except FileExistsError:
            pass
    os.umask(mask)
    return fd


def send(line: socket.socket, sources: Sources) -> None:
    """Hand over and let go."""
    fds = [sources.root, *(tree for (tree,) in sources.trees.values()), *(tree for _, tree in sources.nodes)]
    paths = [path for path, _ in sources.nodes]
    packet = marshal.dumps((list(sources.trees), paths, sources.place))
    for start in range(0, len(fds), _AT_ONCE):
        socket.send_fds(line, [packet], fds[start : start + _AT_ONCE])
    for fd in fds:
        os.close(fd)


def receive(line: socket.socket) -> Sources | None:
    """None when there will be none: whoever was to make them has failed, and has told why."""
    fds: list[int] = []
    while True:
        try:
            packet, some, _, _ = socket.recv_fds(line, _PACKET, _AT_ONCE)
        except ConnectionResetError:
            return None
        if not packet:
            return None
        fds += some
        numbers, paths, place = marshal.loads(packet)
        if len(fds) == 1 + len(numbers) + len(paths):
            trees, nodes = [[fd] for fd in fds[1 : 1 + len(numbers)]], fds[1 + len(numbers) :]
            return Sources(
                fds[0],
                dict(zip(numbers, trees, strict=True)),
                place,
                tuple(zip(paths, nodes, strict=True)),
            )
