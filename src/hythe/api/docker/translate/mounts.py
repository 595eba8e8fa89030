"""Mounts as Docker writes them: "SOURCE:TARGET:OPTIONS" of -v, the objects of --mount, and --tmpfs.

A source that begins with "/" is a path of the host (made if it is not there: -v only), any other a volume's
name, and none at all an anonymous volume.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from hythe.api.docker.translate.refusals import check_mount
from hythe.api.docker.types.host import HostConfig, MountConfig
from hythe.engine.model import MountRequest
from hythe.errors import InvalidArgument, Unsupported

PROPAGATION: Final = ("private", "rprivate", "shared", "rshared", "slave", "rslave")
# SELinux labels (z, Z) and consistency are for other systems; Docker takes them and does nothing here.
_IGNORED: Final = ("z", "Z", "consistent", "cached", "delegated")
_VOLUME_NAME: Final = re.compile(r"^[a-zA-Z0-9][a-zA-Z0-9_.-]+$")


def mount_requests(host: HostConfig) -> list[MountRequest]:
    """All mounts of a HostConfig, in the order Binds, Mounts, Tmpfs."""
    requests = [parse_bind(text) for text in host.binds]
    for request in requests:
        if request.type == "volume":
            request.driver = host.volume_driver
    requests += [from_mount(mount) for mount in host.mounts]
    requests += [from_tmpfs(target, options) for target, options in host.tmpfs.items()]
    return requests


def parse_bind(text: str) -> MountRequest:
    """ "/host:/path:ro", "name:/path", "/path". Raises InvalidArgument."""
    parts = text.split(":")
    if len(parts) > 3 or not all(parts):
        raise InvalidArgument(f"invalid volume specification: '{text}'", hint="write SOURCE:TARGET[:OPTIONS]")
    if len(parts) == 1:
        return MountRequest(type="volume", target=_target(text, parts[0]))
    source, target = parts[0], _target(text, parts[1])
    is_path = source.startswith("/")
    request = MountRequest(
        type="bind" if is_path else "volume", source=source, target=target, create_source=is_path
    )
    for option in parts[2].split(",") if len(parts) == 3 else ():
        _apply(request, option, text)
    if not is_path and not _VOLUME_NAME.match(source):
        raise InvalidArgument(
            f'invalid volume specification: "{source}" includes invalid characters for a local volume name, '
            'only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, '
            "use absolute path"
        )
    return request


def _target(text: str, target: str) -> str:
    if not target.startswith("/"):
        raise InvalidArgument(f"invalid volume specification: '{text}': the target must be an absolute path")
    if target.rstrip("/") == "":
        raise InvalidArgument(f"invalid volume specification: '{text}': destination can't be '/'")
    return target


def _apply(request: MountRequest, option: str, text: str) -> None:
    if option in ("ro", "rw"):
        request.read_only = option == "ro"
    elif option == "nocopy" and request.type == "volume":
        request.no_copy = True
    elif option in PROPAGATION and request.type == "bind":
        request.propagation = option
    elif option not in _IGNORED:
        raise InvalidArgument(f"invalid volume specification: '{text}': invalid mode: {option}")


def from_mount(mount: MountConfig) -> MountRequest:
    """One of HostConfig.Mounts."""
    check_mount(mount)
    if not mount.target.startswith("/"):
        raise InvalidArgument(f"invalid mount config for type {mount.type!r}: mount path must be absolute")
    if mount.type == "bind":
        return _from_bind_mount(mount)
    if mount.type == "volume":
        return _from_volume_mount(mount)
    if mount.type == "tmpfs":
        return _from_tmpfs_mount(mount)
    if mount.type in ("npipe", "cluster", "image"):
        raise Unsupported(f"the mount at {mount.target} has the type {mount.type!r}, which is not supported")
    raise InvalidArgument(f"invalid mount config: unknown mount type {mount.type!r}")


def _from_bind_mount(mount: MountConfig) -> MountRequest:
    if not mount.source.startswith("/"):
        raise InvalidArgument(
            f"invalid mount config for type 'bind': the source must be an absolute path: {mount.source!r}"
        )
    propagation = mount.bind_options.propagation if mount.bind_options else ""
    if propagation and propagation not in PROPAGATION:
        raise InvalidArgument(f"invalid mount config for type 'bind': propagation {propagation!r}")
    return MountRequest(
        type="bind",
        source=mount.source,
        target=mount.target,
        read_only=mount.read_only,
        propagation=propagation,
        create_source=bool(mount.bind_options and mount.bind_options.create_mountpoint),
    )


def _from_volume_mount(mount: MountConfig) -> MountRequest:
    request = MountRequest(type="volume", source=mount.source, target=mount.target, read_only=mount.read_only)
    if mount.volume_options:
        driver = mount.volume_options.driver_config
        request.no_copy, request.labels = mount.volume_options.no_copy, mount.volume_options.labels
        request.driver, request.driver_options = driver.name, driver.options
    return request


def _from_tmpfs_mount(mount: MountConfig) -> MountRequest:
    request = MountRequest(type="tmpfs", target=mount.target, read_only=mount.read_only)
    if mount.source:
        raise InvalidArgument("invalid mount config for type 'tmpfs': it has no source")
    if mount.tmpfs_options:
        request.tmpfs_size = mount.tmpfs_options.size_bytes or None
        request.tmpfs_mode = mount.tmpfs_options.mode or None
        request.tmpfs_options = ["=".join(words) for words in mount.tmpfs_options.options]
    return request


def from_tmpfs(target: str, options: str) -> MountRequest:
    """--tmpfs TARGET:OPTIONS."""
    return MountRequest(
        type="tmpfs", target=target, tmpfs_options=[word for word in options.split(",") if word]
    )


# ---- and back ---------------------------------------------------------------------------------


def binds(requests: Iterable[MountRequest]) -> list[str] | None:
    """HostConfig.Binds: the requests that -v can express."""
    found = [_bind_text(request) for request in requests if _is_bind(request)]
    return found or None


def _is_bind(request: MountRequest) -> bool:
    if request.type == "bind":
        return request.create_source
    return request.type == "volume" and not (request.driver or request.driver_options or request.labels)


def _bind_text(request: MountRequest) -> str:
    options = ["ro"] if request.read_only else []
    options += ["nocopy"] if request.no_copy else []
    options += [request.propagation] if request.propagation else []
    return ":".join(part for part in (request.source, request.target, ",".join(options)) if part)


def tmpfs(requests: Iterable[MountRequest]) -> dict[str, str]:
    """HostConfig.Tmpfs."""
    return {r.target: ",".join(r.tmpfs_options) for r in requests if r.type == "tmpfs" and not _sized(r)}


def _sized(request: MountRequest) -> bool:
    return request.tmpfs_size is not None or request.tmpfs_mode is not None


def mounts(requests: Iterable[MountRequest]) -> list[dict[str, Any]]:
    """HostConfig.Mounts: all that is neither in Binds nor in Tmpfs."""
    return [_mount(r) for r in requests if not _is_bind(r) and (r.type != "tmpfs" or _sized(r))]


def _mount(request: MountRequest) -> dict[str, Any]:
    result: dict[str, Any] = {"Type": request.type, "Target": request.target}
    if request.source:
        result["Source"] = request.source
    if request.read_only:
        result["ReadOnly"] = True
    if request.type == "bind" and request.propagation:
        result["BindOptions"] = {"Propagation": request.propagation}
    if request.type == "volume":
        driver = {"Name": request.driver, "Options": request.driver_options or None}
        result["VolumeOptions"] = {
            "NoCopy": request.no_copy,
            "Labels": request.labels or None,
            "DriverConfig": driver,
        }
    if request.type == "tmpfs":
        result["TmpfsOptions"] = {"SizeBytes": request.tmpfs_size or 0, "Mode": request.tmpfs_mode or 0}
    return result
