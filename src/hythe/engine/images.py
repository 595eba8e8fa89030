"""Images as use cases: the store's work in threads, events, and who uses an image."""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Callable, Iterable, Sequence
from typing import BinaryIO

from hythe.engine.events import Events
from hythe.engine.model import Container
from hythe.store.images import Image, Images


class ImageService:
    """`containers` gives all records, to tell which images are in use."""

    def __init__(self, images: Images, events: Events) -> None:
        self.store, self._events = images, events
        self.containers: Callable[[], Iterable[Container]] = lambda: ()

    def get(self, ref: str) -> Image:
        return self.store.get(ref)

    def list(self) -> builtins.list[Image]:
        return self.store.list()

    def _publish(self, action: str, image_id: str, name: str) -> None:
        self._events.publish("image", action, image_id, {"name": name})

    async def tag(self, ref: str, name: str) -> None:
        image = self.store.get(ref)
        await asyncio.to_thread(self.store.tag, image.id, name)
        self._publish("tag", image.id, name)

    async def remove(self, ref: str, *, force: bool = False) -> Sequence[tuple[str, str]]:
        """What happened, in order: ("Untagged", name) and ("Deleted", id)."""

        def in_use(image_id: str) -> builtins.list[Container]:
            return [c for c in self.containers() if c.image_id == image_id]

        image = self.store.get(ref)
        steps = await asyncio.to_thread(self.store.remove, ref, force, in_use)
        for kind, what in steps:
            self._publish("untag" if kind == "Untagged" else "delete", image.id, what)
        return steps

    async def load(self, tar: BinaryIO) -> Sequence[str]:
        names = await asyncio.to_thread(self.store.load, tar)
        for name in names:
            self._publish("load", name, name)
        return names

    async def save(self, refs: Sequence[str], out: BinaryIO) -> None:
        await asyncio.to_thread(self.store.save, refs, out)

    async def import_rootfs(self, tar: BinaryIO, name: str | None, **options: object) -> Image:
        image: Image = await asyncio.to_thread(self.store.import_rootfs, tar, name, **options)  # type: ignore[arg-type]
        self._publish("import", image.id, name or image.id)
        return image

    def layer_sizes(self, image: Image) -> Sequence[int]:
        """Bytes of each layer, from the bottom."""
        return self.store.layer_sizes(image)

    async def shared_sizes(self) -> dict[str, int]:
        """Bytes that each image has in common with others, by its id."""
        return await asyncio.to_thread(self.store.shared_sizes)

    async def layers_size(self) -> int:
        """Bytes of all layers, each counted once."""
        return await asyncio.to_thread(self.store.layers_size)
