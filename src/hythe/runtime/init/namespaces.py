"""The child's namespaces: those named by a path are joined, the others are new.

The pid and time namespaces are not among them: a process is born into these, so they are chosen by the fork
(`BORN_INTO`, `runtime.fork`). Paths are opened first, in the host's mount namespace and before anything has
changed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from hythe.errors import InvalidArgument
from hythe.kernel.namespaces import FLAGS, setns, unshare
from hythe.kernel.syscall import libc_call

if TYPE_CHECKING:
    from hythe.oci.spec import Namespace

BORN_INTO: Final = ("pid", "time")


def own(linux: Mapping[str, Any]) -> set[str]:
    """Types of the namespaces that are to be new; `linux` is the object of config.json."""
    return {entry["type"] for entry in linux.get("namespaces") or () if not entry.get("path")}


def enter(namespaces: list[Namespace]) -> int:
    """Join and unshare. Raises InvalidArgument for a path that is no such namespace, OSError otherwise.

    The mount namespace is a new one in any case, where all can be made out of sight. Where the container is to be in
    one that is there already, a descriptor of that is returned, for `rootfs.leave_for`; else -1.
    """
    shared = -1
    if not any(entry["type"] == "mount" and not entry.get("path") for entry in namespaces):
        paths = [entry["path"] for entry in namespaces if entry["type"] == "mount"]
        shared = os.open(paths[0] if paths else "/proc/self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    joined: list[tuple[int, int, str]] = []
    new = FLAGS["mount"]
    for entry in namespaces:
        kind, path = entry["type"], entry.get("path")
        if kind in BORN_INTO or kind == "mount":
            continue
        if path:
            joined.append((os.open(path, os.O_RDONLY | os.O_CLOEXEC), FLAGS[kind], path))
        else:
            new |= FLAGS[kind]
    for fd, flag, path in joined:
        try:
            setns(fd, flag)
        except OSError as error:
            raise InvalidArgument(f"cannot join the namespace {path}: {error.strerror}") from error
        os.close(fd)
    unshare(new)
    return shared


def name_host(hostname: str | None, domainname: str | None) -> None:
    """Set both names in the UTS namespace; None leaves one alone."""
    for call, name in (("sethostname", hostname), ("setdomainname", domainname)):
        if name:
            data = os.fsencode(name)
            libc_call(call, data, len(data), path=name)
