"""Blobs of a registry: small ones into memory, layers into files, each proved by its digest before it is used.

A layer is written to a *part* that outlives broken connections, cancelled pulls and a killed daemon: what is there is
hashed again and the rest asked for with Range (RFC 9110, 14.2); a registry that does not know Range sends it whole.
Hashing and writing happen in a thread while the next bytes arrive. A connection that brings nothing, or next to
nothing, counts as broken; a blob longer than announced is not read further.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import aiohttp

from hythe.errors import NoSpace, from_os
from hythe.oci import digest as digests
from hythe.oci.manifest import Descriptor
from hythe.registry.connection import Connection
from hythe.registry.failures import BadContent, Refused, Unreachable
from hythe.registry.manifests import pulling
from hythe.registry.progress import Meter, Report, state
from hythe.registry.settings import Patience

_CHUNK: Final = 1 << 20
_BUSY: Final = 429


async def small(connection: Connection, repository: str, descriptor: Descriptor, limit: int) -> bytes:
    """A blob of at most `limit` bytes, whole and proved."""
    if descriptor.size > limit:
        raise BadContent(f"the blob {descriptor.digest} is larger than {limit} bytes")
    path = f"/v2/{repository}/blobs/{descriptor.digest}"
    async with connection.request("GET", path, scopes=pulling(repository)) as response:
        data = await connection.read(response, limit)
    if len(data) != descriptor.size or digests.of_bytes(data) != descriptor.digest:
        raise BadContent(f"the blob {descriptor.digest} is not what its digest says")
    return data


async def download(
    connection: Connection,
    repository: str,
    blob: Descriptor,
    part: Path,
    patience: Patience,
    id: str,
    report: Report,
) -> None:
    """Fetch a layer into `part`, which may have some of it. Raises BadContent, NoSpace, Refused, Unreachable."""
    meter = Meter(report, id, "Downloading", blob.size)
    sink = await asyncio.to_thread(_Sink, part, blob.size)
    try:
        failures = 0
        while sink.size < blob.size:
            before = sink.size
            try:
                await _attempt(connection, repository, blob, sink, patience, meter)
            except (Unreachable, Refused) as error:
                failures = 1 if sink.size - before >= _CHUNK else failures + 1
                if failures >= patience.attempts or not _passes(error):
                    raise
                await _pause(failures * patience.pause, id, report)
        report(state(id, "Verifying Checksum"))
        if sink.digest != blob.digest:
            raise BadContent(f"filesystem layer verification failed for digest {blob.digest}")
    except (BadContent, NoSpace):
        part.unlink(missing_ok=True)
        raise
    finally:
        sink.close()
    report(state(id, "Download complete"))


def _passes(error: Unreachable | Refused) -> bool:
    """Whether another attempt may do better: the registry is out of reach, has too much to do, or a fault."""
    return isinstance(error, Unreachable) or error.status == _BUSY or error.status >= 500


async def _attempt(
    connection: Connection, repository: str, blob: Descriptor, sink: _Sink, patience: Patience, meter: Meter
) -> None:
    """Take what one answer brings. Raises Unreachable if that is not the rest of the blob."""
    headers = {"Range": f"bytes={sink.size}-"} if sink.size else {}
    path = f"/v2/{repository}/blobs/{blob.digest}"
    async with connection.request(
        "GET", path, scopes=pulling(repository), headers=headers, accept=(200, 206)
    ) as response:
        if response.status == 200 or not _continues(response, sink.size):
            if response.status == 206:
                raise BadContent(f"the registry sent another part of {blob.digest} than it was asked for")
            await asyncio.to_thread(sink.restart)
        pace = _Pace(patience)
        received, pieces, held = sink.size, list[bytes](), 0
        writing: asyncio.Future[None] | None = None
        try:
            async for piece in response.content.iter_any():
                received += len(piece)
                if received > blob.size:
                    raise BadContent(
                        f"the blob {blob.digest} is longer than the {blob.size} bytes of its manifest"
                    )
                pace.passed(len(piece))
                pieces.append(piece)
                held += len(piece)
                if held >= _CHUNK:
                    if writing is not None:
                        await writing
                    writing, pieces, held = _started(sink, pieces), [], 0
                    meter.show(received)
        finally:
            if writing is not None:
                await asyncio.shield(writing)
            await asyncio.shield(_started(sink, pieces))
        meter.show(received)
    if sink.size < blob.size:
        raise Unreachable(f"the connection ended after {sink.size} of {blob.size} bytes of {blob.digest}")


def _started(sink: _Sink, pieces: list[bytes]) -> asyncio.Future[None]:
    return asyncio.ensure_future(asyncio.to_thread(sink.write, pieces))


def _continues(response: aiohttp.ClientResponse, size: int) -> bool:
    return response.headers.get("Content-Range", "").startswith(f"bytes {size}-")


async def _pause(seconds: float, id: str, report: Report) -> None:
    plural = "" if seconds == 1 else "s"
    report(state(id, f"Retrying in {seconds:g} second{plural}"))
    await asyncio.sleep(seconds)


class _Pace:
    """Raises Unreachable once too little has come for too long."""

    def __init__(self, patience: Patience) -> None:
        self._patience, self._began, self._bytes = patience, time.monotonic(), 0

    def passed(self, count: int) -> None:
        self._bytes += count
        now = time.monotonic()
        if now - self._began >= self._patience.silence:
            if self._bytes < self._patience.floor:
                raise Unreachable(
                    f"the registry sent {self._bytes} bytes in {self._patience.silence:g} seconds"
                )
            self._began, self._bytes = now, 0


class _Sink:
    """The part on disk and the hash of what is in it; used from threads, one call at a time."""

    def __init__(self, part: Path, limit: int) -> None:
        try:
            self._file = part.open("a+b", buffering=0)
            self._hash, self.size = hashlib.sha256(), 0
            self._file.seek(0)
            while data := self._file.read(_CHUNK):
                self._hash.update(data)
                self.size += len(data)
        except OSError as error:
            raise from_os(error, "keep a layer") from error
        if self.size > limit:
            self.restart()

    @property
    def digest(self) -> str:
        return digests.PREFIX + self._hash.hexdigest()

    def restart(self) -> None:
        self._file.truncate(0)
        self._hash, self.size = hashlib.sha256(), 0

    def write(self, pieces: list[bytes]) -> None:
        data = b"".join(pieces)
        view = memoryview(data)
        try:
            while view:
                count = self._file.write(view) or 0
                self._hash.update(view[:count])
                self.size += count
                view = view[count:]
        except OSError as error:
            raise from_os(error, "keep a layer") from error

    def close(self) -> None:
        with suppress(OSError):
            self._file.close()
