"""Kernel parameters of the container's own namespaces.

Only those that a namespace of the container's own holds may be set; any other would change the host. The
name is split at dots and each part has to be a plain word, and the value one line: a value with a separator
in it once set a second parameter (CVE-2022-0811). Files are opened below the descriptor of the mounted
procfs.
"""

from __future__ import annotations

import os
import re
from typing import Final

from hythe.errors import InvalidArgument
from hythe.kernel import mounts, paths

_IPC: Final = frozenset(
    """kernel.msgmax kernel.msgmnb kernel.msgmni kernel.sem kernel.shmall kernel.shmmax kernel.shmmni
    kernel.shm_rmid_forced""".split()
)
_PART: Final = re.compile(r"[A-Za-z0-9_.:@-]+")


def check(sysctl: dict[str, str], own: set[str]) -> None:
    """`own` are the types of the namespaces that are the container's. Raises InvalidArgument."""
    for name, value in sysctl.items():
        if not all(_PART.fullmatch(part) and part != ".." for part in _parts(name)):
            raise InvalidArgument(f"sysctl {name!r} is not a valid name")
        if "\n" in str(value) or "\0" in str(value):
            raise InvalidArgument(f"sysctl {name}: the value has more than one line")
        dotted = ".".join(_parts(name))
        if dotted in _IPC or dotted.startswith("fs.mqueue."):
            needed = "ipc"
        elif dotted.startswith("net."):
            needed = "network"
        elif dotted == "kernel.domainname":
            needed = "uts"
        else:
            raise InvalidArgument(f"sysctl {name} is not in a namespace of the container's own")
        if needed not in own:
            raise InvalidArgument(f"sysctl {name} needs a {needed} namespace of the container's own")


def _parts(name: str) -> list[str]:
    """Either "net.ipv4.ip_forward" or "net/ipv4/conf/eth0.1/forwarding", by which separator comes first."""
    slash, dot = name.find("/"), name.find(".")
    return name.split("/" if slash >= 0 and (dot < 0 or slash < dot) else ".")


def apply(sysctl: dict[str, str], proc: int) -> None:
    """Write them below the procfs `proc` (-1: a mount of its own for the purpose). Raises InvalidArgument."""
    if not sysctl:
        return
    own = proc if proc >= 0 else mounts.filesystem("proc")
    for name, value in sysctl.items():
        path = "sys/" + "/".join(_parts(name))
        try:
            fd = paths.openat2(
                own, path, os.O_WRONLY, resolve=paths.RESOLVE_BENEATH | paths.RESOLVE_NO_SYMLINKS
            )
            try:
                os.write(fd, str(value).encode())
            finally:
                os.close(fd)
        except OSError as error:
            raise InvalidArgument(f"sysctl {name} = {value}: {error.strerror}") from error
    if own != proc:
        os.close(own)
