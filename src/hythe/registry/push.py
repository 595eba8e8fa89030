"""Pushing an image: the layers that the registry lacks, the configuration, and last the manifest.

A registry shows an image when its manifest is there, and takes a manifest only when all its blobs are. So a push that
breaks off leaves nothing to be seen, and the next one finds the blobs that arrived. The manifest is docker's schema 2,
written as dockerd writes it, which every registry and client reads.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any, Final, NamedTuple

from hythe.base.ids import random_hex
from hythe.oci import digest as digests
from hythe.oci import media
from hythe.oci.manifest import Descriptor
from hythe.oci.reference import Reference
from hythe.registry import upload
from hythe.registry.connection import Connection
from hythe.registry.credentials import Credentials
from hythe.registry.failures import Refused
from hythe.registry.packing import blob_of
from hythe.registry.parts import Parts
from hythe.registry.progress import Meter, Report, said, short, state
from hythe.registry.reaching import reach
from hythe.registry.settings import Settings
from hythe.registry.sources import Source, Sources
from hythe.store.image import Image
from hythe.store.images import Images

_AT_ONCE: Final = 5
_ASKED: Final = 4
_GZIPPED: Final = (media.OCI_LAYER_GZIP, media.DOCKER_LAYER_GZIP)


class Pushed(NamedTuple):
    """Of the manifest; `size` in bytes."""

    digest: str
    size: int


class Pusher:
    """Pushes from one store. For one event loop."""

    def __init__(self, images: Images, sources: Sources, parts: Parts, settings: Settings) -> None:
        self._images, self._sources, self._parts, self._settings = images, sources, parts, settings
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def push(self, image: Image, name: Reference, credentials: Credentials, report: Report) -> Pushed:
        """Send the image to be called `name`, which has a tag. Raises what `failures` has."""
        stack = list(zip(image.layers, digests.chain_ids(image.layers), strict=True))
        distinct = dict(reversed(stack))
        for diff_id in distinct:
            report(state(short(diff_id), "Preparing"))
        async with reach(name.registry, credentials, self._settings) as connection:
            work = {
                diff_id: asyncio.ensure_future(self._layer(connection, name, diff_id, chain, report))
                for diff_id, chain in distinct.items()
            }
            try:
                await asyncio.gather(*work.values())
            finally:
                for task in work.values():
                    task.cancel()
                await asyncio.gather(*work.values(), return_exceptions=True)
            config = await self._configuration(connection, name, image)
            manifest = _manifest(config, [work[diff_id].result() for diff_id in image.layers])
            digest = await _put(connection, name, manifest)
        report(said(f"{name.tag}: digest: {digest} size: {len(manifest)}"))
        await asyncio.to_thread(self._images.add_digest, image.id, f"{name.familiar_name}@{digest}")
        return Pushed(digest, len(manifest))

    async def _configuration(self, connection: Connection, name: Reference, image: Image) -> Descriptor:
        data = self._images.blobs.read(image.id)
        config = Descriptor(media.DOCKER_CONFIG, image.id, len(data))
        if not await upload.exists(connection, name.repository, config.digest):
            await upload.send_small(connection, name.repository, config, data)
        return config

    async def _layer(
        self, connection: Connection, name: Reference, diff_id: str, chain: str, report: Report
    ) -> Descriptor:
        if self._turns.locked():
            report(state(short(diff_id), "Waiting"))
        async with self._turns:
            blob = await self._known(connection, name, diff_id, report)
            if blob is None:
                blob = await self._sent(connection, name, diff_id, chain, report)
        source = Source(name.registry, name.repository, blob.digest, blob.size, blob.media_type)
        self._sources.add(diff_id, source)
        return Descriptor(media.DOCKER_LAYER_GZIP, blob.digest, blob.size)

    async def _known(
        self, connection: Connection, name: Reference, diff_id: str, report: Report
    ) -> Descriptor | None:
        """A blob of the layer that the registry has already, mounted into the repository where it was not."""
        known = [each for each in self._sources.of(diff_id) if each.media_type in _GZIPPED]
        blobs = {each.digest: each.descriptor for each in known}
        for blob in list(blobs.values())[:_ASKED]:
            if await upload.exists(connection, name.repository, blob.digest):
                report(state(short(diff_id), "Layer already exists"))
                return blob
        for each in [each for each in known if each.registry == name.registry][:_ASKED]:
            if each.repository == name.repository:
                continue
            if await upload.mount(connection, name.repository, each.digest, each.repository):
                report(state(short(diff_id), f"Mounted from {each.repository}"))
                return each.descriptor
        return None

    async def _sent(
        self, connection: Connection, name: Reference, diff_id: str, chain: str, report: Report
    ) -> Descriptor:
        place = self._parts.temporary(random_hex())
        try:
            blob, file = await asyncio.to_thread(blob_of, self._images.snapshots.layers, chain, place)
            if await upload.exists(connection, name.repository, blob.digest):
                report(state(short(diff_id), "Layer already exists"))
                return blob
            meter = Meter(report, short(diff_id), "Pushing", blob.size)
            patience = self._settings.patience
            await upload.send(connection, name.repository, blob, file, patience, meter.show)
        finally:
            with suppress(FileNotFoundError):
                place.unlink()
        report(state(short(diff_id), "Pushed"))
        return blob


def _manifest(config: Descriptor, layers: list[Descriptor]) -> bytes:
    """As Go's json.MarshalIndent gives it, so that the same image has the same digest whoever pushes it."""

    def shown(one: Descriptor) -> dict[str, Any]:
        return {"mediaType": one.media_type, "size": one.size, "digest": one.digest}

    document = {
        "schemaVersion": 2,
        "mediaType": media.DOCKER_MANIFEST,
        "config": shown(config),
        "layers": [shown(layer) for layer in layers],
    }
    return json.dumps(document, indent=3).encode()


async def _put(connection: Connection, name: Reference, manifest: bytes) -> str:
    """The manifest's digest. Raises Refused if the registry took something else for it."""
    digest = digests.of_bytes(manifest)
    headers = {"Content-Type": media.DOCKER_MANIFEST, "Content-Length": str(len(manifest))}
    async with connection.request(
        "PUT",
        f"/v2/{name.repository}/manifests/{name.tag}",
        scopes=upload.pushing(name.repository),
        headers=headers,
        body=lambda: manifest,
        accept=(201, 200, 202),
    ) as response:
        told = response.headers.get("Docker-Content-Digest", digest)
    if told != digest:
        raise Refused(200, "", f"the registry calls the manifest {told[:80]}, but it is {digest}")
    return digest
