"""Images: as a list shows them, in full, and their history.

The image's own document (OCI image configuration) is the source; `to_builtins` gives it back under the
specification's names, which are Docker's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hythe.oci.reference import parse
from hythe.wire.times import SECOND, ZERO, parse_created

if TYPE_CHECKING:
    from hythe.store.images import Image

_CONFIG_FIELDS: Final[dict[str, Any]] = {
    "Hostname": "",
    "Domainname": "",
    "User": "",
    "AttachStdin": False,
    "AttachStdout": False,
    "AttachStderr": False,
    "Tty": False,
    "OpenStdin": False,
    "StdinOnce": False,
    "Env": None,
    "Cmd": None,
    "Image": "",
    "Volumes": None,
    "WorkingDir": "",
    "Entrypoint": None,
    "OnBuild": None,
    "Labels": None,
}
_OPTIONAL_FIELDS: Final = ("ExposedPorts", "Healthcheck", "StopSignal", "Shell")


def document(image: Image) -> dict[str, Any]:
    """The OCI image configuration as plain data."""
    result: dict[str, Any] = msgspec.to_builtins(image.config)
    return result


def labels(image: Image) -> dict[str, str]:
    return (document(image).get("config") or {}).get("Labels") or {}


def created_at(image: Image) -> int:
    """Nanoseconds since the epoch; 0 where the image does not say."""
    return parse_created(document(image).get("created") or "")


def image_summary(image: Image, *, uses: int = -1, shared: int = -1) -> dict[str, Any]:
    """One element of GET /images/json; -1 is "not counted". `shared`: bytes that other images have too."""
    return {
        "Containers": uses,
        "Created": created_at(image) // SECOND,
        "Id": image.id,
        "Labels": labels(image) or None,
        "ParentId": "",
        "RepoDigests": list(image.digests),
        "RepoTags": [parse(name).familiar for name in image.names],
        "SharedSize": shared,
        "Size": image.size,
        "VirtualSize": image.size,
    }


def image_json(image: Image) -> dict[str, Any]:
    """GET /images/{name}/json."""
    found = document(image)
    given = found.get("config") or {}
    config = {name: given.get(name) or default for name, default in _CONFIG_FIELDS.items()}
    config |= {name: given[name] for name in _OPTIONAL_FIELDS if given.get(name)}
    history = found.get("history") or [{}]
    return {
        "Id": image.id,
        "RepoTags": [parse(name).familiar for name in image.names],
        "RepoDigests": list(image.digests),
        "Parent": image.parent,
        "Comment": history[-1].get("comment") or "",
        "Created": found.get("created") or ZERO,
        "DockerVersion": "",
        "Container": found.get("container") or "",
        # docker-compose 1 asks for the newest version, and fails without it.
        "ContainerConfig": found.get("container_config") or config,
        "Author": found.get("author") or "",
        "Config": config,
        "Architecture": found.get("architecture") or "",
        "Variant": found.get("variant") or "",
        "Os": found.get("os") or "linux",
        "Size": image.size,
        "VirtualSize": image.size,
        "GraphDriver": {"Name": "overlay2", "Data": None},
        "RootFS": {"Type": "layers", "Layers": list(image.layers)},
        "Metadata": {"LastTagTime": ZERO},
    }


def history_json(image: Image, sizes: Sequence[int]) -> list[dict[str, Any]]:
    """Newest first. `sizes` has one entry for each layer, the lowest first; steps without a layer have 0."""
    remaining, result = list(sizes), []
    for step in document(image).get("history") or []:
        size = 0 if step.get("empty_layer") or not remaining else remaining.pop(0)
        moment = parse_created(step.get("created") or "")
        result.append(
            {
                "Id": "<missing>",
                "Created": moment // SECOND,
                "CreatedBy": step.get("created_by") or "",
                "Tags": None,
                "Size": size,
                "Comment": step.get("comment") or "",
            }
        )
    result.reverse()
    if result:
        result[0] |= {"Id": image.id, "Tags": [parse(name).familiar for name in image.names] or None}
    return result
