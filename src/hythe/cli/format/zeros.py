"""What is nothing, as docker's client prints it.

docker runs templates on Go's structures, in which every field has a type and is there: a null of the API prints as
"[]", "map[]" or "<nil>", and a field that the API leaves out when it is empty is no mistake of the template. Here
templates run on the API's own objects, which have neither, so the names are listed.
"""

from __future__ import annotations

from typing import Final

_POINTERS: Final = frozenset(
    {
        "Healthcheck", "Health", "Init", "OomKillDisable", "PidsLimit", "MemorySwappiness", "StopTimeout",
        "IPAMConfig", "ImageManifestDescriptor", "UsageData", "ClusterVolume",
    }
)  # fmt: skip
_MAPS: Final = frozenset(
    {
        "Labels", "Options", "DriverOpts", "Volumes", "ExposedPorts", "PortBindings", "Ports", "Sysctls",
        "Tmpfs", "StorageOpt", "Annotations", "Status", "Networks", "Containers", "Runtimes",
    }
)  # fmt: skip
_TEXTS: Final = frozenset({"StopSignal", "MacAddress", "Domainname", "LogPath", "Author", "Comment"})

#: Fields that the API leaves out when they are empty.
LEFT_OUT: Final = frozenset(
    {
        "Healthcheck", "Health", "StopTimeout", "StopSignal", "Shell", "OnBuild", "Annotations", "StorageOpt",
        "Sysctls", "Tmpfs", "Mounts", "Init", "Author", "Comment", "MacAddress",
    }
)  # fmt: skip


def shown(name: str) -> str:
    """What a null in the field of this name prints; most of those that can be null are lists."""
    if name in _POINTERS:
        return "<nil>"
    if name in _MAPS:
        return "map[]"
    return "" if name in _TEXTS else "[]"
