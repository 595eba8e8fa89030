"""Volumes, devices, configs and secrets of a service."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from hythe.client.config.limits import device as parse_device
from hythe.compose.document import Table, Value
from hythe.compose.model import (
    BindOptions,
    Device,
    FileReference,
    Mount,
    TmpfsOptions,
    VolumeOptions,
)
from hythe.compose.normalise import scalars

_HINT: Final = "write SOURCE:TARGET[:ro], with a path or a volume's name as SOURCE and an absolute TARGET"
_PROPAGATION: Final = ("rprivate", "private", "rshared", "shared", "rslave", "slave")
_CONSISTENCY: Final = ("consistent", "cached", "delegated")


def mounts(value: Value | None, folder: str) -> tuple[Mount, ...]:
    """Volumes in the order of the file; relative paths begin at `folder`."""
    found = [
        _long(item, folder) if isinstance(item, Table) else short_mount(item, folder)
        for item in scalars.items(value)
    ]
    seen: dict[str, Mount] = {}
    for mount in found:
        if mount.target in seen:
            raise mount.place.problem(f"two volumes have the target {mount.target}")
        seen[mount.target] = mount
    return tuple(found)


def is_path(source: str) -> bool:
    """Whether the source of a short volume is a path, and no volume's name."""
    return source.startswith(("/", ".", "~"))


def absolute(path: str, folder: str) -> str:
    """`path` as it stands from `folder`, "~" replaced, without "." and ".."."""
    return os.path.normpath(Path(folder) / Path(path).expanduser())


def short_mount(item: Value, folder: str) -> Mount:
    """[SOURCE:]TARGET[:OPTIONS]"""
    text = scalars.name(item)
    source, colon, rest = text.partition(":")
    if not colon:
        return Mount(type="volume", target=_target(item, text), volume=VolumeOptions(), place=item.place)
    target, _, words = rest.partition(":")
    options = [word for word in words.split(",") if word]
    if not source or ":" in words:
        raise item.place.problem(f"invalid volume {text!r}", hint=_HINT)
    base = {"target": _target(item, target), "read_only": "ro" in options, "place": item.place}
    for word in options:
        if word in ("z", "Z"):
            raise item.place.unsupported(f"volume {text!r}: relabelling for SELinux is not supported")
        if word not in ("ro", "rw", "nocopy", *_PROPAGATION, *_CONSISTENCY):
            raise item.place.problem(f"invalid volume {text!r}: unknown option {word!r}", hint=_HINT)
    if is_path(source):
        propagation = next((word for word in options if word in _PROPAGATION), "")
        return Mount(
            type="bind",
            source=absolute(source, folder),
            bind=BindOptions(propagation=propagation),
            **base,  # type: ignore[arg-type]
        )
    if "/" in source:
        raise item.place.problem(
            f"invalid volume {text!r}: {source!r} is neither a path nor a name",
            hint=f"for a path write ./{source}",
        )
    return Mount(
        type="volume",
        source=source,
        volume=VolumeOptions(nocopy="nocopy" in options),
        **base,  # type: ignore[arg-type]
    )


def devices(value: Value | None) -> tuple[Device, ...]:
    return tuple(_device(item) for item in scalars.items(value))


def references(value: Value | None, folder: str) -> tuple[FileReference, ...]:
    """Uses of configs or secrets; a target that is not absolute is in `folder`."""
    return tuple(_reference(item, folder) for item in scalars.items(value))


def _long(table: Table, folder: str) -> Mount:
    kind, source = scalars.name(table.get("type")), scalars.name(table.get("source"))
    bind, volume, tmpfs = (scalars.table(table.get(key)) for key in ("bind", "volume", "tmpfs"))
    for key in ("bind", "volume", "tmpfs"):
        if key in table.entries and key != kind:
            raise table.where(key).problem(f"a mount of type {kind} has no {key!r} options")
    if kind == "bind" and not source:
        raise table.place.problem("a bind mount needs a source", hint="add source: ./path")
    if kind == "tmpfs" and source:
        raise table.where("source").problem("a tmpfs has no source")
    create = scalars.flag(bind.get("create_host_path"))
    return Mount(
        type=kind,
        source=absolute(source, folder) if kind == "bind" else source,
        target=_target(table, scalars.name(table.get("target"))),
        read_only=scalars.flag(table.get("read_only")) or False,
        consistency=scalars.name(table.get("consistency")),
        bind=BindOptions(
            propagation=scalars.name(bind.get("propagation")),
            create_host_path=True if create is None else create,
        )
        if kind == "bind"
        else None,
        volume=VolumeOptions(
            nocopy=scalars.flag(volume.get("nocopy")) or False,
            subpath=scalars.name(volume.get("subpath")),
            labels=scalars.settings(volume.get("labels")),
        )
        if kind == "volume"
        else None,
        tmpfs=TmpfsOptions(size=scalars.size(tmpfs.get("size")), mode=scalars.mode(tmpfs.get("mode")))
        if kind == "tmpfs"
        else None,
        place=table.place,
    )


def _target(item: Value, target: str) -> str:
    clean = os.path.normpath(target)
    if not target.startswith("/"):
        raise item.place.problem(f"the target {target!r} of a volume is not absolute", hint=_HINT)
    if clean.strip("/") == "":
        raise item.place.problem("the target of a volume may not be /", hint=_HINT)
    return clean


def _device(item: Value) -> Device:
    if isinstance(item, Table):
        source = scalars.name(item.get("source"))
        return Device(
            source=source,
            target=scalars.name(item.get("target")) or source,
            permissions=scalars.name(item.get("permissions")) or "rwm",
        )
    found = scalars.at(item, parse_device)
    return Device(
        source=found["PathOnHost"],
        target=found["PathInContainer"],
        permissions=found["CgroupPermissions"],
    )


def _reference(item: Value, folder: str) -> FileReference:
    if not isinstance(item, Table):
        source = scalars.name(item)
        return FileReference(source=source, target=_inside(source, folder), place=item.place)
    source = scalars.name(item.get("source"))
    return FileReference(
        source=source,
        target=_inside(scalars.word(item.get("target")) or source, folder),
        uid=scalars.word(item.get("uid")),
        gid=scalars.word(item.get("gid")),
        mode=scalars.mode(item.get("mode")),
        place=item.place,
    )


def _inside(target: str, folder: str) -> str:
    return os.path.normpath(Path(folder) / target)
