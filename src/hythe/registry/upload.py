"""Blobs to a registry: asked for first, mounted from another repository where it has them, sent where it has not.

An upload is opened by POST, filled by PATCH and closed by PUT with the digest (distribution-spec, "Pushing Blobs").
When the connection breaks, the registry is asked how far it came and gets the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit, urlunsplit

from hythe.oci.manifest import Descriptor
from hythe.registry.connection import Connection
from hythe.registry.failures import BadContent, Refused, RegistryProblem, Unreachable
from hythe.registry.settings import Patience

_CHUNK: Final = 1 << 20
_OCTETS: Final = "application/octet-stream"
_COMMIT: Final = 900.0

Show = Callable[[int], None]


def pushing(repository: str, *sources: str) -> list[str]:
    """The scopes for writing to a repository, and for mounting from others."""
    return [f"repository:{repository}:pull,push", *(f"repository:{source}:pull" for source in sources)]


async def exists(connection: Connection, repository: str, digest: str) -> bool:
    path = f"/v2/{repository}/blobs/{digest}"
    async with connection.request("HEAD", path, scopes=pushing(repository), accept=(200, 404)) as response:
        return response.status == 200


async def mount(connection: Connection, repository: str, digest: str, source: str) -> bool:
    """Have the blob of the repository `source` in this one too; False if the registry does not do that."""
    path = f"/v2/{repository}/blobs/uploads/?mount={digest}&from={source}"
    try:
        async with connection.request(
            "POST", path, scopes=pushing(repository, source), accept=(201, 202)
        ) as response:
            if response.status == 201:
                return True
            location = _location(connection, response.headers.get("Location"), path)
    except Refused:
        return False  # the source may not be ours to read; then the blob is sent
    with suppress(RegistryProblem):  # an upload that is not used; the registry forgets it in time
        async with connection.request("DELETE", location, scopes=pushing(repository), accept=(204,)):
            pass
    return False


async def send(
    connection: Connection, repository: str, blob: Descriptor, file: Path, patience: Patience, show: Show
) -> None:
    """Send a blob from a file; `show` is told how many bytes are on their way. Raises Refused, Unreachable."""
    location, offset = await _begin(connection, repository), 0
    for failures in range(1, patience.attempts + 1):
        try:
            if offset < blob.size:
                location = await _fill(connection, repository, location, blob, file, offset, show)
            break
        except Unreachable:
            if failures == patience.attempts:
                raise
            await asyncio.sleep(failures * patience.pause)
            location, offset = await _where(connection, repository, location)
    await _finish(connection, repository, location, blob.digest, b"")


async def send_small(connection: Connection, repository: str, blob: Descriptor, data: bytes) -> None:
    """Send a blob in one piece."""
    location = await _begin(connection, repository)
    await _finish(connection, repository, location, blob.digest, data)


async def _begin(connection: Connection, repository: str) -> str:
    path = f"/v2/{repository}/blobs/uploads/"
    async with connection.request("POST", path, scopes=pushing(repository), accept=(202,)) as response:
        return _location(connection, response.headers.get("Location"), path)


async def _fill(
    connection: Connection,
    repository: str,
    location: str,
    blob: Descriptor,
    file: Path,
    offset: int,
    show: Show,
) -> str:
    headers = {"Content-Type": _OCTETS, "Content-Length": str(blob.size - offset)}
    if offset:
        headers["Content-Range"] = f"{offset}-{blob.size - 1}"
    async with connection.request(
        "PATCH",
        location,
        scopes=pushing(repository),
        headers=headers,
        body=lambda: _pieces(file, offset, blob.size, show),
        accept=(202, 201, 204),
    ) as response:
        return _location(connection, response.headers.get("Location"), location)


async def _where(connection: Connection, repository: str, location: str) -> tuple[str, int]:
    """How far an upload came; a new one if the registry knows nothing of it any more."""
    try:
        async with connection.request(
            "GET", location, scopes=pushing(repository), accept=(204, 200)
        ) as response:
            end = response.headers.get("Range", "").rpartition("-")[2]
            received = int(end) + 1 if end.isdigit() and end != "0" else 0
            return _location(connection, response.headers.get("Location"), location), received
    except Refused:
        return await _begin(connection, repository), 0


async def _finish(connection: Connection, repository: str, location: str, digest: str, data: bytes) -> None:
    parts = urlsplit(location)
    url = urlunsplit(parts._replace(query="&".join(p for p in (parts.query, f"digest={digest}") if p)))
    headers = {"Content-Type": _OCTETS, "Content-Length": str(len(data))}
    async with connection.request(
        "PUT",
        url,
        scopes=pushing(repository),
        headers=headers,
        body=lambda: data,
        accept=(201, 204),
        wait=_COMMIT,
    ):
        pass


def _location(connection: Connection, given: str | None, before: str) -> str:
    if not given:
        raise BadContent(f"{connection.endpoint.host} does not say where to send a blob")
    try:
        return urljoin(urljoin(connection.endpoint.url + "/", before), given)
    except ValueError as error:
        raise BadContent(f"{connection.endpoint.host} wants a blob to be sent to what is no URL") from error


async def _pieces(file: Path, offset: int, size: int, show: Show) -> AsyncIterator[bytes]:
    """The rest of a file, each piece read in a thread."""
    with await asyncio.to_thread(file.open, "rb", 0) as source:
        source.seek(offset)
        while offset < size:
            piece = await asyncio.to_thread(source.read, min(_CHUNK, size - offset))
            if not piece:
                raise BadContent(f"{file.name} became shorter while it was sent")
            offset += len(piece)
            yield piece
            show(offset)
