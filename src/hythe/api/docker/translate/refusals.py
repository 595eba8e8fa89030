"""What of a HostConfig hythe cannot honour: refused by name, never ignored.

Fields of other operating systems and limits that kernels have no more have a value that means "not asked for";
clients send all of them. Anything else is Unsupported (501), before anything is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from hythe.api.docker.types.host import HostConfig, MountConfig, Resources
from hythe.errors import Unsupported

_UNSET: Final[dict[str, tuple[object, ...]]] = {
    "device_requests": ([],),
    "kernel_memory": (0,),
    "kernel_memory_tcp": (0,),
    "cpu_count": (0,),
    "cpu_percent": (0,),
    "io_maximum_iops": (0,),
    "io_maximum_bandwidth": (0,),
}
_UNSET_HOST: Final[dict[str, tuple[object, ...]]] = {
    "cgroup": ("",),
    "storage_opt": ({},),
    "isolation": ("", "default"),
    "annotations": ({},),
}


def _changed(body: Resources, unset: dict[str, tuple[object, ...]]) -> Iterator[str]:
    names = dict(zip(body.__struct_fields__, body.__struct_encode_fields__, strict=True))
    for attribute, values in unset.items():
        if getattr(body, attribute) not in values:
            yield f"{names[attribute]}={getattr(body, attribute)!r}"


def refused_fields(body: type[Struct]) -> list[str]:
    """The fields of a body that only take the value for "not asked for", for the table of the API."""
    if not issubclass(body, Resources):
        return []
    names = dict(zip(body.__struct_fields__, body.__struct_encode_fields__, strict=True))
    table = _UNSET | (_UNSET_HOST if issubclass(body, HostConfig) else {})
    return sorted(names[attribute] for attribute in table)


def check_resources(body: Resources) -> None:
    """Raises Unsupported that names every limit that hythe does not set."""
    _refuse(_changed(body, _UNSET))


def check_host(host: HostConfig) -> None:
    """As `check_resources`, for all of a HostConfig."""
    check_resources(host)
    _refuse(_changed(host, _UNSET_HOST))
    for paths in (host.masked_paths, host.readonly_paths):
        if paths:
            raise Unsupported(
                "MaskedPaths and ReadonlyPaths can be the default or empty",
                hint="empty is --security-opt systempaths=unconfined",
            )


def check_mount(mount: MountConfig) -> None:
    """Raises Unsupported for what a --mount asks for and hythe does not do."""
    bind, volume = mount.bind_options, mount.volume_options
    if bind and (bind.non_recursive or bind.read_only_non_recursive or bind.read_only_force_recursive):
        raise Unsupported(f"the mount at {mount.target} asks for bind-recursive, which is not supported")
    if volume and volume.subpath:
        raise Unsupported(f"the mount at {mount.target} asks for volume-subpath, which is not supported")


def _refuse(found: Iterator[str]) -> None:
    names = list(found)
    if names:
        raise Unsupported(f"not supported by hythe: {', '.join(names)}")
