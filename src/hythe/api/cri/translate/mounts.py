"""A container's mounts and devices in the engine's words, and mounts back."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from cri_api.v1 import api_pb2 as cri

from hythe.api.cri.translate.security import check_selinux
from hythe.engine.model import DeviceRequest, MountPoint, MountRequest
from hythe.errors import InvalidArgument, Unsupported

_WORDS: Final = {
    cri.PROPAGATION_PRIVATE: "rprivate",
    cri.PROPAGATION_HOST_TO_CONTAINER: "rslave",
    cri.PROPAGATION_BIDIRECTIONAL: "rshared",
}
_PROPAGATION: Final = {word: number for number, word in _WORDS.items()}


def mount_requests(mounts: Iterable[cri.Mount]) -> list[MountRequest]:
    """Raises InvalidArgument, Unsupported."""
    return [_request(mount) for mount in mounts]


def _request(mount: cri.Mount) -> MountRequest:
    where = mount.container_path
    if not where.startswith("/"):
        where = f"/{where}"
    if mount.HasField("image"):
        raise Unsupported(f"the mount at {where} is of an image, which is not supported")
    if mount.uidMappings or mount.gidMappings:
        _check_mappings(mount)
    check_selinux(cri.SELinuxOption(), relabel=mount.selinux_relabel)
    if mount.recursive_read_only and not mount.readonly:
        raise InvalidArgument(f"the mount at {where} is recursive_read_only and not readonly")
    if mount.recursive_read_only and mount.propagation != cri.PROPAGATION_PRIVATE:
        raise InvalidArgument(
            f"the mount at {where} is recursive_read_only: its propagation has to be private"
        )
    return MountRequest(
        type="bind",
        target=where,
        source=os.path.realpath(mount.host_path),
        read_only=mount.readonly,
        propagation=_WORDS[mount.propagation],
        create_source=True,
        recursive=mount.recursive_read_only,
    )


def _check_mappings(mount: cri.Mount) -> None:
    """A pod's own mapping is what the engine shows its mounts through; any other is not supported."""
    for one in (*mount.uidMappings, *mount.gidMappings):
        if one.container_id != 0:
            raise Unsupported(f"the mount at {mount.container_path} has a mapping that is not its pod's")


def devices(asked: Iterable[cri.Device]) -> list[DeviceRequest]:
    """Those named; of a folder all that are in it. Raises InvalidArgument."""
    found: list[DeviceRequest] = []
    for device in asked:
        host, inside = Path(device.host_path), device.container_path or device.host_path
        access = device.permissions or "rwm"
        if not host.exists():
            raise InvalidArgument(f"error stating device path {host}: no such file or directory")
        if host.is_dir():
            nodes = sorted(
                path for path in host.rglob("*") if path.is_char_device() or path.is_block_device()
            )
            found += [
                DeviceRequest(str(path), f"{inside.rstrip('/')}/{path.relative_to(host)}", access)
                for path in nodes
            ]
        else:
            found.append(DeviceRequest(str(host.resolve()), inside, access))
    return found


def told(mounts: Iterable[MountPoint], asked: Iterable[cri.Mount]) -> list[cri.Mount]:
    """What a status shows: the bind mounts, with the paths of the host that were asked for."""
    paths = {mount.container_path: mount for mount in asked}
    return [
        cri.Mount(
            container_path=mount.target,
            host_path=paths[mount.target].host_path if mount.target in paths else mount.source,
            readonly=mount.read_only,
            propagation=_PROPAGATION.get(mount.propagation, cri.PROPAGATION_PRIVATE),
            recursive_read_only=mount.read_only and mount.recursive,
            selinux_relabel=mount.target in paths and paths[mount.target].selinux_relabel,
        )
        for mount in mounts
        if mount.type == "bind"
    ]
