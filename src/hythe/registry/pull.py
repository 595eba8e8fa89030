"""Pulling an image: manifest, configuration, the layers that are missing, then the image as a whole.

Nothing has a name before it is whole: layers are unpacked beside the others and renamed, and the image is recorded in
one transaction when all of them are there. So a daemon that is killed leaves layers that the next pull finds, parts
that it continues (`blobs.py`), and no image. Layers are downloaded side by side and unpacked from the bottom up, each
as soon as it and those below it are there; a layer that two pulls want is fetched once (`shared.py`). While a pull
runs, the collector leaves its layers alone (`pinned`).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hythe.errors import NotFound, Unsupported
from hythe.oci import digest as digests
from hythe.oci import image as documents
from hythe.oci.manifest import Descriptor, Manifest
from hythe.oci.platform import Wanted, host
from hythe.oci.reference import Reference
from hythe.registry import blobs, manifests
from hythe.registry.connection import Connection
from hythe.registry.credentials import Credentials
from hythe.registry.failures import BadContent, Refused, Unreachable, of_pull
from hythe.registry.manifests import Found
from hythe.registry.parts import Parts
from hythe.registry.progress import Meter, Report, said, short, state
from hythe.registry.reaching import first
from hythe.registry.settings import Settings
from hythe.registry.shared import Shared
from hythe.registry.sources import Source, Sources
from hythe.store.archive.compression import Tap
from hythe.store.images import Images
from hythe.store.layers import Layer

_AT_ONCE: Final = 3


@dataclass(frozen=True)
class Pulled:
    """`digest` is that of the document that the name led to; `news`: the name meant something else before."""

    image_id: str
    digest: str
    news: bool


@dataclass(frozen=True)
class _Planned:
    """A layer to be fetched: its blob, what it must unpack to, what it lies on."""

    blob: Descriptor
    diff_id: str
    chain: str
    parent: str | None


class Puller:
    """Pulls into one store. For one event loop."""

    def __init__(self, images: Images, sources: Sources, parts: Parts, settings: Settings) -> None:
        self._images, self._sources, self._parts, self._settings = images, sources, parts, settings
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._downloads: Shared[None] = Shared()
        self._unpacking: Shared[Layer] = Shared()
        self._pins: Counter[str] = Counter()
        images.spare(lambda: list(self._pins))

    async def pull(
        self, wanted: Reference, platform: Wanted | None, credentials: Credentials, report: Report
    ) -> Pulled:
        """Fetch the image of a name with a tag or a digest. Raises what `failures` has, in docker's words."""
        ref = wanted.digest or wanted.tag or ""

        async def ask(connection: Connection) -> Found:
            return await manifests.fetch(connection, wanted.repository, ref)

        try:
            async with first(wanted.registry, credentials, self._settings, ask) as (connection, top):
                report(said(f"Pulling from {wanted.repository}", ref))
                pulled = await self._image(connection, wanted, top, platform, report)
        except Refused as error:
            raise of_pull(error, wanted) from error
        except Unreachable as error:
            hint = f"where no registry is in reach: hythe image bootstrap {wanted.familiar}, or docker load"
            raise Unreachable(error.message, hint=error.hint or hint) from error
        report(said(f"Digest: {pulled.digest}"))
        return pulled

    async def _image(
        self, connection: Connection, wanted: Reference, top: Found, platform: Wanted | None, report: Report
    ) -> Pulled:
        found = await manifests.image_of(connection, wanted.repository, top, platform or host())
        manifest = found.document
        assert isinstance(manifest, Manifest)
        manifests.check_layers(manifest)
        data = await self._configuration(connection, wanted, manifest)
        planned = _plan(data, manifest, platform, wanted)
        with self._pinned(planned):
            layers = await self._layers(connection, wanted, planned, data, report)
            news = await asyncio.to_thread(self._register, data, layers, wanted, top.digest)
        for layer in planned:
            source = Source(
                wanted.registry, wanted.repository, layer.blob.digest, layer.blob.size, layer.blob.media_type
            )
            self._sources.add(layer.diff_id, source)
        return Pulled(manifest.config.digest, top.digest, news)

    async def _configuration(self, connection: Connection, wanted: Reference, manifest: Manifest) -> bytes:
        """From the store if it is there: an image's id is its configuration's digest."""
        if self._images.blobs.exists(manifest.config.digest):
            return self._images.blobs.read(manifest.config.digest)
        return await blobs.small(connection, wanted.repository, manifest.config, documents.SIZE_LIMIT)

    def _register(self, data: bytes, layers: Sequence[Layer], wanted: Reference, digest: str) -> bool:
        name = None if wanted.digest else wanted.familiar
        return self._images.keep_pulled(data, layers, name, f"{wanted.familiar_name}@{digest}")

    # ---- layers ---------------------------------------------------------------------------------

    @contextmanager
    def _pinned(self, planned: Sequence[_Planned]) -> Iterator[None]:
        chains = [layer.chain for layer in planned]
        self._pins.update(chains)
        try:
            yield
        finally:
            self._pins.subtract(chains)
            self._pins += Counter()  # those that nobody holds go

    async def _layers(
        self,
        connection: Connection,
        wanted: Reference,
        planned: Sequence[_Planned],
        data: bytes,
        report: Report,
    ) -> list[Layer]:
        """All layers, bottom up; nothing is told of them if the very image is there."""
        known = self._images.blobs.exists(digests.of_bytes(data))
        missing = [layer for layer in planned if not self._images.snapshots.exists(layer.chain)]
        if missing or not known:
            for layer in planned:
                report(
                    state(
                        short(layer.blob.digest), "Pulling fs layer" if layer in missing else "Already exists"
                    )
                )
        downloads = {
            layer.chain: asyncio.ensure_future(self._download(connection, wanted, layer, report))
            for layer in missing
        }
        try:
            made = []
            for layer in planned:
                if layer.chain in downloads:
                    await downloads[layer.chain]
                    made.append(await self._unpack(layer, report))
                else:
                    made.append(self._images.snapshots.layers.get(layer.chain).layer)
            return made
        finally:
            for task in downloads.values():
                task.cancel()
            await asyncio.gather(*downloads.values(), return_exceptions=True)

    async def _download(
        self, connection: Connection, wanted: Reference, layer: _Planned, report: Report
    ) -> None:
        id = short(layer.blob.digest)

        async def work(report: Report) -> None:
            if self._turns.locked():
                report(state(id, "Waiting"))
            async with connection.held(), self._turns:
                if self._images.snapshots.exists(layer.chain):
                    return
                part = self._parts.path(layer.chain, layer.blob.digest)
                patience = self._settings.patience
                await blobs.download(connection, wanted.repository, layer.blob, part, patience, id, report)

        await self._downloads.do(layer.chain, work, report)

    async def _unpack(self, layer: _Planned, report: Report) -> Layer:
        loop, id = asyncio.get_running_loop(), short(layer.blob.digest)
        part = self._parts.path(layer.chain, layer.blob.digest)

        async def work(report: Report) -> Layer:
            def told(message: dict[str, object]) -> None:
                loop.call_soon_threadsafe(report, message)

            meter = Meter(told, id, "Extracting", layer.blob.size)
            return await asyncio.to_thread(self._apply, layer, part, meter)

        done = await self._unpacking.do(layer.chain, work, report)
        report(state(id, "Pull complete"))
        return done

    def _apply(self, layer: _Planned, part: Path, meter: Meter) -> Layer:
        """In a thread. The part becomes the archive that the store keeps of the layer."""
        store, read = self._images.snapshots.layers, 0

        def count(data: memoryview) -> None:
            nonlocal read
            read += len(data)
            meter.show(read)

        try:
            if store.exists(layer.chain):
                return store.get(layer.chain).layer
            with part.open("rb", buffering=0) as file:
                made = store.apply(layer.parent, Tap(file, [count]), layer.diff_id, kept=part)
            store.settle([layer.chain])
            return made
        finally:
            part.unlink(missing_ok=True)


def _plan(data: bytes, manifest: Manifest, platform: Wanted | None, wanted: Reference) -> list[_Planned]:
    """The layers with what they must unpack to. Raises BadContent, Unsupported, NotFound."""
    config = documents.decode(data)
    if config.os not in ("linux", ""):
        raise Unsupported(f"image operating system {config.os!r} cannot be used on this platform")
    if platform is not None and config.architecture not in ("", platform.architecture):
        raise NotFound(
            f"image with reference {wanted.familiar} was found but does not match the specified platform: "
            f"wanted {platform}, actual: {config.os}/{config.architecture}"
        )
    if len(config.rootfs.diff_ids) != len(manifest.layers):
        raise BadContent(
            f"the image's configuration names {len(config.rootfs.diff_ids)} layers, its manifest {len(manifest.layers)}"
        )
    chains = digests.chain_ids(config.rootfs.diff_ids)
    parents = [None, *chains]
    return [
        _Planned(_from_here(blob), diff_id, chain, parent)
        for blob, diff_id, chain, parent in zip(
            manifest.layers, config.rootfs.diff_ids, chains, parents, strict=False
        )
    ]


def _from_here(blob: Descriptor) -> Descriptor:
    """Without the other places where it is said to be: a layer comes from its registry."""
    return Descriptor(blob.media_type, blob.digest, blob.size)
