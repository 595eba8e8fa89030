"""Devices: which a container finds in /dev, and which it may use at all (config-linux.md, Devices)."""

from __future__ import annotations

import os
import stat
from typing import Final

from hythe.engine.model import HostOptions
from hythe.oci.spec import Device, DeviceRule

# null, zero, full, random, urandom, tty, console, ptmx, and every pts
_CHARACTER_DEVICES: Final = (
    (1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 1), (5, 2), (136, -1),
)  # fmt: skip


def device_rules(host: HostOptions) -> list[DeviceRule]:
    """Nothing but making nodes, the usual devices, and those asked for; everything for a privileged container."""
    if host.privileged:
        return [{"allow": True, "access": "rwm"}]
    rules: list[DeviceRule] = [
        {"allow": False, "access": "rwm"},
        {"allow": True, "type": "c", "access": "m"},
        {"allow": True, "type": "b", "access": "m"},
    ]
    for major, minor in _CHARACTER_DEVICES:
        rules.append({"allow": True, "type": "c", "major": major, "minor": minor, "access": "rwm"})
    for asked in host.device_cgroup_rules:
        rules.append(
            {
                "allow": True,
                "type": asked.kind,
                "major": asked.major,
                "minor": asked.minor,
                "access": asked.access,
            }
        )
    for request in host.devices:
        device = host_device(request.host_path, request.container_path)
        rules.append(
            {
                "allow": True,
                "type": device["type"],
                "major": device["major"],
                "minor": device["minor"],
                "access": request.permissions,
            }
        )
    return rules


def host_device(path: str, inside: str) -> Device:
    """The device at `path` on the host, as one at `inside`. Raises OSError, or ValueError for no device."""
    status = os.stat(path)
    if not (stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode)):
        raise ValueError(f"{path} is not a device")
    return {
        "type": "c" if stat.S_ISCHR(status.st_mode) else "b",
        "path": inside,
        "major": os.major(status.st_rdev),
        "minor": os.minor(status.st_rdev),
        "fileMode": stat.S_IMODE(status.st_mode),
        "uid": status.st_uid,
        "gid": status.st_gid,
    }


def devices(host: HostOptions) -> list[Device]:
    """Those asked for; all of the host's for a privileged container."""
    found = [host_device(request.host_path, request.container_path) for request in host.devices]
    if host.privileged:
        for folder, _, names in os.walk("/dev"):
            if folder.startswith(("/dev/pts", "/dev/shm", "/dev/mqueue")):
                continue
            for name in names:
                path = f"{folder}/{name}"
                mode = os.lstat(path).st_mode
                if (stat.S_ISCHR(mode) or stat.S_ISBLK(mode)) and name not in ("console", "ptmx", "tty"):
                    found.append(host_device(path, path))
    return found
