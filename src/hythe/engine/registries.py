"""Registries as use cases: pulling with progress as an asynchronous stream, and telling of it in an event.

A stream's first message comes when the registry has been asked, so that what it refuses is raised before anything has
been told. Whoever stops listening gives the transfer up, unless somebody else waits for it too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

from hythe.engine.events import Events
from hythe.oci import platform as platforms
from hythe.oci import reference
from hythe.oci.platform import Wanted
from hythe.oci.reference import Reference
from hythe.registry import catalog
from hythe.registry.credentials import Credentials
from hythe.registry.parts import Parts
from hythe.registry.progress import Report, said
from hythe.registry.pull import Puller
from hythe.registry.settings import Settings
from hythe.registry.sources import Sources
from hythe.store.database import Database
from hythe.store.images import Images

Message = dict[str, Any]


class RegistryService:
    """`root` is its folder below the data root."""

    def __init__(
        self, images: Images, database: Database, root: Path, settings: Settings, events: Events
    ) -> None:
        self._settings, self._events = settings, events
        self._puller = Puller(images, Sources(database), Parts(root), settings)

    async def pull(self, name: str, platform: str, credentials: Credentials) -> AsyncGenerator[Message, None]:
        """Fetch "repository:tag" or "repository@digest"; without either all tags of the repository."""
        wanted = reference.parse(name)
        chosen = platforms.parse(platform) if platform else None

        async def work(report: Report) -> None:
            news = [
                await self._pull_one(each, chosen, credentials, report)
                for each in await self._meant(wanted, credentials)
            ]
            outcome = "Downloaded newer image" if any(news) else "Image is up to date"
            report(said(f"Status: {outcome} for {wanted.familiar}"))

        async with aclosing(_reported(work)) as messages:
            async for message in messages:
                yield message

    async def _meant(self, wanted: Reference, credentials: Credentials) -> list[Reference]:
        if wanted.tag or wanted.digest:
            return [wanted]
        return await catalog.all_tags(wanted, credentials, self._settings)

    async def _pull_one(
        self, wanted: Reference, platform: Wanted | None, credentials: Credentials, report: Report
    ) -> bool:
        pulled = await self._puller.pull(wanted, platform, credentials, report)
        self._events.publish("image", "pull", wanted.familiar, {"name": wanted.familiar_name})
        return pulled.news


async def _reported(work: Callable[[Report], Awaitable[None]]) -> AsyncGenerator[Message, None]:
    """What `work` reports, as it comes; its error at the end."""
    queue: asyncio.Queue[Message | None] = asyncio.Queue()

    async def run() -> None:
        try:
            await work(queue.put_nowait)
        finally:
            queue.put_nowait(None)

    task = asyncio.ensure_future(run())
    try:
        while (message := await queue.get()) is not None:
            yield message
        await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
