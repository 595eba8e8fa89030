"""Builds as use cases: the builder in a thread, its progress as an asynchronous stream.

Whoever stops listening cancels the build: the builder asks `cancelled` between steps.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
import threading
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from hythe.build.api import BuildOptions, Executor
from hythe.build.builder import Builder
from hythe.build.cache import CacheRecord
from hythe.build.upload import unpack_context
from hythe.engine.events import Events
from hythe.engine.fetching import FetchForBuild, Fetching
from hythe.errors import HytheError
from hythe.registry.credentials import Credentials
from hythe.store.database import Database
from hythe.store.images import Images

log = logging.getLogger("hythe.engine")

Message = dict[str, Any]


def _retrieved(task: asyncio.Future[None]) -> None:
    """Look at how a build ended that nobody listens to any more; mistakes of ours still go to the log."""
    error = None if task.cancelled() else task.exception()
    if error is not None and not isinstance(error, HytheError):
        log.error("a build failed", exc_info=error)


class BuildService:
    """`fetching` brings images that a build lacks."""

    def __init__(
        self,
        images: Images,
        database: Database,
        root: Path,
        executor: Executor,
        events: Events,
        fetching: Fetching,
    ) -> None:
        self._fetching = fetching
        self._builder = Builder(images, database, root, executor)
        self._contexts = root / "contexts"
        shutil.rmtree(self._contexts, ignore_errors=True)
        self._contexts.mkdir(parents=True)
        self._images, self._events = images, events

    def _unpack(self, tar: BinaryIO) -> Path:
        """The build context as a directory of its own."""
        folder = Path(tempfile.mkdtemp(dir=self._contexts))
        try:
            unpack_context(tar, folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return folder

    async def prune(self, before: int | None = None) -> tuple[list[str], int]:
        """Forget steps last used before that time (ns; None: all): (their keys, bytes of layers that went)."""
        forgotten, freed = await asyncio.to_thread(self._prune, before)
        self._events.publish("builder", "prune", "", {"reclaimed": str(freed)})
        return forgotten, freed

    def cached(self) -> list[tuple[str, CacheRecord, bool]]:
        """(key, record, whether an image has its layer too) of every step, least recently used first."""
        chains = self._images.chains()
        return [(key, record, record.chain_id in chains) for key, record in self._builder.cache.all().items()]

    def _prune(self, before: int | None) -> tuple[list[str], int]:
        size = self._images.layers_size()
        forgotten = self._builder.cache.prune(before)
        self._images.collect()
        return forgotten, max(size - self._images.layers_size(), 0)

    async def build(
        self, tar: BinaryIO, options: BuildOptions, credentials: Mapping[str, Credentials] | None = None
    ) -> AsyncGenerator[Message, None]:
        """Progress messages in the classic builder's form; a failure is the last of them, as "errorDetail".

        `credentials` are for base images, by the address of their registry.
        A context that cannot be unpacked is raised before the first message.
        """
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[Message | None] = asyncio.Queue()
        cancelled = threading.Event()
        fetch = FetchForBuild(self._fetching, credentials or {})
        folder = await asyncio.to_thread(self._unpack, tar)

        def tell(message: Message | None) -> None:
            loop.call_soon_threadsafe(queue.put_nowait, message)

        def work() -> None:
            try:
                wanted = replace(options, cancelled=lambda: options.cancelled() or cancelled.is_set())
                image = self._builder.build(folder, wanted, tell, fetch)
                for name in options.tags:
                    loop.call_soon_threadsafe(self._events.publish, "image", "tag", image.id, {"name": name})
            finally:
                shutil.rmtree(folder, ignore_errors=True)
                tell(None)

        task = asyncio.ensure_future(asyncio.to_thread(work))
        task.add_done_callback(_retrieved)
        try:
            while (message := await queue.get()) is not None:
                yield message
            with suppress(HytheError):  # the builder has told it, as the last message
                await task
        finally:
            cancelled.set()
            fetch.cancel()
