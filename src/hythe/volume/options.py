"""The options of docker's local volume driver: `type`, `device` and `o`, as mount(8) has them.

    type=none   o=bind            device=/srv/data     a directory of the host
    type=tmpfs  o=size=64m,uid=7  device=tmpfs         memory, anew for each container
    type=ext4                     device=/dev/sdb1     a file system that this kernel knows

Network file systems need an address looked up and, for some, a program of the host's: they are refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hythe.errors import InvalidArgument, Unsupported

_KNOWN: Final = ("type", "device", "o")
_NETWORK: Final = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "glusterfs", "ceph", "9p", "sshfs")
_BIND: Final = ("bind", "rbind")
_FILE_SYSTEMS: Final = Path("/proc/filesystems")


@dataclass(frozen=True)
class Device:
    """What a volume with options is made of; `options` without "bind" and "rbind"."""

    type: str
    device: str
    options: tuple[str, ...]
    is_bind: bool


def parse_options(options: Mapping[str, str]) -> Device | None:
    """What the options mean; None without any. Raises InvalidArgument, Unsupported."""
    if not options:
        return None
    unknown = options.keys() - set(_KNOWN)
    if unknown:
        raise InvalidArgument(
            f'invalid option: "{min(unknown)}"', hint="the local driver takes type, device and o"
        )
    words = tuple(word for word in options.get("o", "").split(",") if word)
    kind, device = options.get("type", ""), options.get("device", "")
    is_bind = any(word in _BIND for word in words)
    if not is_bind and not kind:
        raise InvalidArgument('missing required option: "type"')
    if not device:
        raise InvalidArgument('missing required option: "device"')
    if is_bind:
        _check_directory(device)
    else:
        _check_type(kind)
    return Device(kind, device, tuple(word for word in words if word not in _BIND), is_bind)


def _check_directory(device: str) -> None:
    if not device.startswith("/"):
        raise InvalidArgument(f"invalid device {device!r}: a bind needs an absolute path")
    if not Path(device).is_dir():
        raise InvalidArgument(f"{device} is not a directory of this host", hint=f"mkdir -p {device}")


def _check_type(kind: str) -> None:
    if kind in _NETWORK:
        raise Unsupported(
            f"volumes of the type {kind} are not supported",
            hint="mount it on the host and use type=none, o=bind, device=PATH",
        )
    if kind != "tmpfs" and kind not in {line.split()[-1] for line in _FILE_SYSTEMS.read_text().splitlines()}:
        raise Unsupported(f"volumes of the type {kind} are not supported: this kernel does not know it")
