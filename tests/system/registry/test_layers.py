"""Layers in every compression, there and back: what is pulled is pushed again, and is the same image from there."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import zstandard

from hythe.oci import media, reference
from hythe.registry.credentials import NOBODY
from hythe.registry.parts import Parts
from hythe.registry.pull import Puller
from hythe.registry.push import Pushed, Pusher
from hythe.registry.settings import Settings
from hythe.registry.sources import Sources
from hythe.store.database import Database
from hythe.store.images import Images
from tests.registry_double import Accepting, Registry, layer, serving

pytestmark = pytest.mark.root

FILES = {"one": b"1" * 100_000, "two": b"2"}


class Bench:
    """A store, and what moves images in and out of it."""

    def __init__(self, folder: Path) -> None:
        database = Database(folder / "hythe.db")
        self.images = Images(folder, database)
        sources, parts = Sources(database), Parts(folder / "registry")
        self._puller = Puller(self.images, sources, parts, Settings())
        self._pusher = Pusher(self.images, sources, parts, Settings())

    async def pull(self, name: str) -> str:
        """The image's id."""
        pulled = await self._puller.pull(reference.parse(name), None, NOBODY, lambda _: None)
        return pulled.image_id

    async def push(self, id: str, name: str) -> Pushed:
        return await self._pusher.push(self.images.get(id), reference.parse(name), NOBODY, lambda _: None)

    def content(self, id: str) -> dict[str, bytes]:
        [chain] = [one.chain_id for one in self.images.layers(self.images.get(id))]
        folder = self.images.snapshots.layers.directory(chain)
        return {entry.name: entry.read_bytes() for entry in folder.iterdir()}


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    async with serving() as running:
        running.image("team/app", "1", layer(FILES))
        yield running


@pytest.mark.parametrize(
    ("media_type", "compress"),
    [
        (media.DOCKER_LAYER_GZIP, gzip.compress),
        (media.OCI_LAYER_GZIP, gzip.compress),
        (media.OCI_LAYER_ZSTD, zstandard.compress),
        (media.OCI_LAYER, bytes),
    ],
)
async def test_compressions(
    registry: Registry, tmp_path: Path, media_type: str, compress: Callable[[bytes], bytes]
) -> None:
    document, blob = registry.image_document(layer(FILES)), compress(layer(FILES))
    described = {"mediaType": media_type, "size": len(blob), "digest": registry.blob(blob)}
    registry.manifest("team/app", "1", document | {"layers": [described]})
    bench, other = Bench(tmp_path / "one"), Bench(tmp_path / "other")
    id = await bench.pull(f"{registry.host}/team/app:1")
    assert bench.content(id) == FILES
    registry.blobs.clear()
    Accepting(registry)
    await bench.push(id, f"{registry.host}/copy:1")
    assert (described["digest"] in registry.blobs) == (compress is gzip.compress)
    registry.hook = None
    assert await other.pull(f"{registry.host}/copy:1") == id
    assert other.content(id) == FILES


@pytest.mark.parametrize("breaks", [0, 10_000])
async def test_a_push_goes_on_where_it_broke(registry: Registry, tmp_path: Path, breaks: int) -> None:
    bench, other = Bench(tmp_path / "one"), Bench(tmp_path / "other")
    id = await bench.pull(f"{registry.host}/team/app:1")
    registry.blobs.clear()
    registry.manifests.clear()
    Accepting(registry, breaks)
    pushed = await bench.push(id, f"{registry.host}/copy:2")
    kind, data = registry.manifests["copy", "2"]
    assert (len(data), kind) == (pushed.size, media.DOCKER_MANIFEST)
    assert len(registry.blobs) == 2
    assert f"{registry.host}/copy@{pushed.digest}" in bench.images.get(id).digests
    registry.hook = None
    assert await other.pull(f"{registry.host}/copy:2") == id
