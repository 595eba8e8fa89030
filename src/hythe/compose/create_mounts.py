"""The file systems of a container: volumes, binds, tmpfs, and configs and secrets as files.

A bind whose source may be created is sent as a bind string, the only form that does so in every version of the
API; all else as Mount objects. A config or secret that is a file, with nothing said of its owner or mode, is
bound read-only; the others are copied into the container before it starts (`copied_files`).
"""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from hythe.compose.model import FileReference, FileSource, Mount, Project, Service
from hythe.errors import NotFound, SystemProblem

Json = dict[str, Any]
_DEFAULT_MODE: Final = 0o444


def binds(service: Service) -> list[str]:
    """SOURCE:TARGET[:OPTIONS]"""
    result = []
    for mount in service.volumes:
        if _as_string(mount):
            assert mount.bind is not None
            options = [*(["ro"] if mount.read_only else []), *filter(None, [mount.bind.propagation])]
            result.append(":".join([mount.source, mount.target, *([",".join(options)] if options else [])]))
    return result


def mounts(project: Project, service: Service, kept: Mapping[str, str]) -> list[Json]:
    """Mount objects; `kept` are targets -> names of anonymous volumes that a former container had."""
    result = [_mount(project, mount, kept) for mount in service.volumes if not _as_string(mount)]
    said = {mount.target for mount in service.volumes} | {text.partition(":")[0] for text in service.tmpfs}
    result.extend(
        {"Type": "volume", "Source": name, "Target": target}
        for target, name in kept.items()
        if target not in said
    )
    return result


def files_to_bind(project: Project, service: Service) -> list[Json]:
    """The configs and secrets that are bound. Raises NotFound for a file that is not there."""
    result = []
    for reference, source in _references(project, service):
        if _bound(reference, source):
            assert source.file is not None
            if not Path(source.file).exists():
                raise NotFound(
                    f"{reference.place}: {source.key!r} is the file {source.file}, which is not there"
                )
            result.append(
                {"Type": "bind", "Source": source.file, "Target": reference.target, "ReadOnly": True}
            )
    return result


class CopiedFile(NamedTuple):
    """A file to be unpacked at "/" of a container."""

    path: str
    data: bytes
    uid: int
    gid: int
    mode: int


def copied_files(project: Project, service: Service) -> list[CopiedFile]:
    """The configs and secrets that are copied."""
    result = []
    for reference, source in _references(project, service):
        if not _bound(reference, source):
            mode = _DEFAULT_MODE if reference.mode is None else reference.mode
            ids = [_number(reference, text) for text in (reference.uid, reference.gid)]
            result.append(CopiedFile(reference.target, _data(source), ids[0], ids[1], mode))
    return result


def archive(files: list[CopiedFile]) -> bytes:
    """A tar of the files; folders on the way are made by whoever unpacks it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for file in files:
            info = tarfile.TarInfo(file.path.lstrip("/"))
            info.size, info.mode, info.uid, info.gid = len(file.data), file.mode, file.uid, file.gid
            tar.addfile(info, io.BytesIO(file.data))
    return buffer.getvalue()


def _references(project: Project, service: Service) -> Iterator[tuple[FileReference, FileSource]]:
    for reference in service.configs:
        yield reference, project.configs[reference.source]
    for reference in service.secrets:
        yield reference, project.secrets[reference.source]


def _bound(reference: FileReference, source: FileSource) -> bool:
    ordinary = reference.uid is None and reference.gid is None and reference.mode is None
    return source.file is not None and ordinary


def _data(source: FileSource) -> bytes:
    if source.file is None:
        return (source.content or "").encode()
    try:
        return Path(source.file).read_bytes()
    except OSError as error:
        raise SystemProblem(f"cannot read {source.file}: {os.strerror(error.errno or 0)}") from error


def _number(reference: FileReference, text: str | None) -> int:
    if text is None:
        return 0
    if not text.isdecimal():
        raise reference.place.problem(f"{text!r} is not a numeric id", hint="write a number in quotes")
    return int(text)


def _as_string(mount: Mount) -> bool:
    """Bind strings are split at colons, so a source with one must be a Mount."""
    return mount.bind is not None and mount.bind.create_host_path and ":" not in mount.source + mount.target


def _mount(project: Project, mount: Mount, kept: Mapping[str, str]) -> Json:
    result: Json = {"Type": mount.type, "Target": mount.target}
    if mount.type == "bind":
        result["Source"] = mount.source
    elif mount.source:
        result["Source"] = project.volumes[mount.source].name
    elif mount.type == "volume" and mount.target in kept:
        result["Source"] = kept[mount.target]
    if mount.read_only:
        result["ReadOnly"] = True
    if mount.consistency:
        result["Consistency"] = mount.consistency
    if mount.bind is not None:
        bind: Json = {"CreateMountpoint": True} if mount.bind.create_host_path else {}
        if mount.bind.propagation:
            bind["Propagation"] = mount.bind.propagation
        result["BindOptions"] = bind
    if mount.volume is not None:
        options = {
            "NoCopy": mount.volume.nocopy, "Labels": dict(mount.volume.labels),
            "Subpath": mount.volume.subpath,
        }  # fmt: skip
        result["VolumeOptions"] = {key: value for key, value in options.items() if value}
    if mount.tmpfs is not None:
        sizes = {"SizeBytes": mount.tmpfs.size, "Mode": mount.tmpfs.mode}
        result["TmpfsOptions"] = {key: value for key, value in sizes.items() if value is not None}
    return result
