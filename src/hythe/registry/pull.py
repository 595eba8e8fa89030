"""Pulling an image: manifest, configuration, the layers that are missing, then the image as a whole.

Nothing has a name before it is whole: layers are unpacked beside the others and renamed, and the image is recorded in
one transaction when all of them are there. So a daemon that is killed leaves layers that the next pull finds, parts
that it continues (`blobs.py`), and no image. Layers are downloaded and unpacked side by side and placed from the bottom
up; a layer that two pulls want is fetched once (`shared.py`). While a pull runs, the collector leaves its layers alone.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from hythe.base.failpoints import reach
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
from hythe.registry.progress import Counted, Message, Meter, Report, said, short, state
from hythe.registry.reaching import first
from hythe.registry.settings import Settings
from hythe.registry.shared import Shared
from hythe.registry.sources import Source, Sources
from hythe.store.images import Images
from hythe.store.layers import Layer, Staged

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


@dataclass(frozen=True)
class _Stack:
    """The layers of one image, bottom up, and where they come from."""

    connection: Connection
    repository: str
    planned: Sequence[_Planned]


class Puller:
    """Pulls into one store. For one event loop."""

    def __init__(self, images: Images, sources: Sources, parts: Parts, settings: Settings) -> None:
        self._images, self._sources, self._parts, self._settings = images, sources, parts, settings
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._processors = asyncio.Semaphore(os.cpu_count() or 1)
        self._running: Shared[None] = Shared()
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
        reach("daemon:pull:recording")
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
        stack = _Stack(connection, wanted.repository, planned)
        tasks = [
            asyncio.ensure_future(self._layer(stack, number, report))
            for number, layer in enumerate(planned)
            if layer in missing
        ]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return [self._images.snapshots.layers.get(layer.chain).layer for layer in planned]

    async def _layer(self, stack: _Stack, number: int, report: Report) -> None:
        """Have a layer in the store: fetched and unpacked beside the others, placed on top of the one below it."""
        layer, store = stack.planned[number], self._images.snapshots.layers

        async def work(report: Report) -> None:
            async with stack.connection.held():
                if store.exists(layer.chain):
                    return
                await self._download(stack, layer, report)
                staged = await self._unpacked(layer, report)
                try:
                    if number:
                        await self._layer(stack, number - 1, lambda message: None)
                    reach("daemon:pull:placing")
                    await asyncio.to_thread(store.place, layer.parent, staged)
                finally:
                    await asyncio.to_thread(store.give_up, staged)
                store.settle([layer.chain])
            report(state(short(layer.blob.digest), "Pull complete"))

        await self._running.do(layer.chain, work, report)

    async def _download(self, stack: _Stack, layer: _Planned, report: Report) -> None:
        id, part = short(layer.blob.digest), self._parts.path(layer.chain, layer.blob.digest)
        if self._turns.locked():
            report(state(id, "Waiting"))
        async with self._turns:
            patience = self._settings.patience
            await blobs.download(stack.connection, stack.repository, layer.blob, part, patience, id, report)

    async def _unpacked(self, layer: _Planned, report: Report) -> Staged:
        """Unpacked in a thread, as many at once as there are processors. The part becomes the archive that is kept."""
        loop, part = asyncio.get_running_loop(), self._parts.path(layer.chain, layer.blob.digest)
        store = self._images.snapshots.layers

        def told(message: Message) -> None:
            loop.call_soon_threadsafe(report, message)

        def unpack() -> Staged:
            meter = Meter(told, short(layer.blob.digest), "Extracting", layer.blob.size)
            try:
                with part.open("rb", buffering=0) as file:
                    return store.stage(Counted(file, meter.show), layer.diff_id, kept=part)
            finally:
                part.unlink(missing_ok=True)

        async with self._processors:
            unpacking = asyncio.ensure_future(asyncio.to_thread(unpack))
            try:
                return await asyncio.shield(unpacking)
            except asyncio.CancelledError:
                unpacking.add_done_callback(lambda done: self._drop(done, loop))
                raise

    def _drop(self, unpacking: asyncio.Future[Staged], loop: asyncio.AbstractEventLoop) -> None:
        """Nobody wants it any more; the thread could not be stopped."""
        if unpacking.exception() is None:
            loop.run_in_executor(None, self._images.snapshots.layers.give_up, unpacking.result())


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
