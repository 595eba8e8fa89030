"""A context as one file, for another machine: a tar with meta.json and tls/docker/*.pem, as docker exports it.

docker imports a zip too. Of an archive only those names are read, and no more of each than a certificate needs:
whatever else is in it lands nowhere.
"""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Iterator
from typing import IO, Final

from hythe.client.context_store import TLS_FILES, Context, from_json
from hythe.errors import InvalidArgument

_MOST: Final = 1 << 20
_MEMBERS: Final = 64


def packed(context: Context, material: dict[str, bytes]) -> bytes:
    """The tar."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        _add(archive, "meta.json", json.dumps(context.to_json(), separators=(",", ":")).encode(), 0o644)
        _folder(archive, "tls")
        if material:
            _folder(archive, "tls/docker")
        for kind, data in material.items():
            _add(archive, f"tls/docker/{kind}.pem", data, 0o600)
    return out.getvalue()


def unpacked(data: bytes, name: str) -> tuple[Context, dict[str, bytes]]:
    """What is in a tar or a zip, under the name `name`. Raises InvalidArgument for anything else."""
    members = dict(_zip(data) if data.startswith(b"PK") else _tar(data))
    if "meta.json" not in members:
        raise InvalidArgument(
            "this is no exported context: it has no meta.json", hint="make one: context export NAME"
        )
    try:
        value = json.loads(members["meta.json"])
    except ValueError as error:
        raise InvalidArgument(f"the archive's meta.json is not JSON: {error}") from error
    if isinstance(value, dict):
        value["Name"] = name
    material = {
        kind: members[f"tls/docker/{kind}.pem"] for kind in TLS_FILES if f"tls/docker/{kind}.pem" in members
    }
    return from_json(value, "meta.json"), material


def _tar(data: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        ended = data + bytes(-len(data) % tarfile.BLOCKSIZE + 2 * tarfile.BLOCKSIZE)  # docker writes no end
        with tarfile.open(fileobj=io.BytesIO(ended), mode="r:") as archive:
            for _, member in zip(range(_MEMBERS), archive, strict=False):
                file = archive.extractfile(member) if member.isreg() else None
                if file is not None:
                    yield member.name.removeprefix("./"), _limited(file, member.name)
    except tarfile.TarError as error:
        raise InvalidArgument(
            f"this is no exported context: {error}", hint="make one: context export NAME"
        ) from error


def _zip(data: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist()[:_MEMBERS]:
                with archive.open(member) as file:
                    yield member.filename, _limited(file, member.filename)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:  # RuntimeError: encrypted
        raise InvalidArgument(
            f"this is no exported context: {error}", hint="make one: context export NAME"
        ) from error


def _limited(file: IO[bytes], name: str) -> bytes:
    data = file.read(_MOST + 1)
    if len(data) > _MOST:
        raise InvalidArgument(f"{name} of the archive is larger than {_MOST} bytes")
    return data


def _add(archive: tarfile.TarFile, name: str, data: bytes, mode: int) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), mode
    archive.addfile(info, io.BytesIO(data))


def _folder(archive: tarfile.TarFile, name: str) -> None:
    info = tarfile.TarInfo(name)
    info.type, info.mode = tarfile.DIRTYPE, 0o700
    archive.addfile(info)
