"""Registries as use cases: pulling and pushing with progress as an asynchronous stream, and telling of it in events.

A stream's first message comes when the registry has been asked, so that what it refuses is raised before anything has
been told. Whoever stops listening gives the transfer up, unless somebody else waits for it too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

from hythe.engine.events import Events
from hythe.errors import InvalidArgument, NotFound
from hythe.oci import platform as platforms
from hythe.oci import reference
from hythe.oci.platform import Wanted
from hythe.oci.reference import Reference
from hythe.registry import catalog
from hythe.registry import inspect as inspecting
from hythe.registry import login as logging_in
from hythe.registry import search as searching
from hythe.registry.credentials import Credentials
from hythe.registry.failures import PushProblem, Refused, is_missing
from hythe.registry.parts import Parts
from hythe.registry.progress import Report, said
from hythe.registry.pull import Puller
from hythe.registry.push import Pusher
from hythe.registry.search import Result
from hythe.registry.settings import Settings
from hythe.registry.sources import Sources
from hythe.store.database import Database
from hythe.store.images import Image, Images

Message = dict[str, Any]


class RegistryService:
    """`root` is its folder below the data root."""

    def __init__(
        self, images: Images, database: Database, root: Path, settings: Settings, events: Events
    ) -> None:
        self._settings, self._events = settings, events
        sources, parts = Sources(database), Parts(root)
        self._images = images
        self._puller = Puller(images, sources, parts, settings)
        self._pusher = Pusher(images, sources, parts, settings)

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

    async def push(
        self, name: str, credentials: Credentials, *, all_tags: bool = False
    ) -> AsyncGenerator[Message, None]:
        """Send "repository:tag", or all tags of the repository."""
        wanted = reference.parse(name)
        if wanted.digest:
            raise InvalidArgument("cannot push a digest reference", hint="push a tag of the image")

        async def work(report: Report) -> None:
            report(said(f"The push refers to repository [{wanted.name}]"))
            for each, image in self._to_push(wanted, all_tags=all_tags):
                pushed = await self._pusher.push(image, each, credentials, report)
                detail = {"Tag": each.tag, "Digest": pushed.digest, "Size": pushed.size}
                report({"progressDetail": {}, "aux": detail})
                self._events.publish("image", "push", each.familiar, {"name": each.familiar_name})

        async with aclosing(_reported(work)) as messages:
            async for message in messages:
                yield message

    def _to_push(self, wanted: Reference, *, all_tags: bool) -> list[tuple[Reference, Image]]:
        named = [
            (reference.parse(name), image)
            for image in self._images.list()
            for name in image.names
            if reference.parse(name).name == wanted.name
        ]
        if not named:
            raise PushProblem(
                f"An image does not exist locally with the tag: {wanted.familiar_name}",
                hint=f"name one: docker tag IMAGE {wanted.familiar_name}",
            )
        chosen = [(name, image) for name, image in named if all_tags or name == wanted.with_tag()]
        if not chosen:
            raise PushProblem(f"tag does not exist: {wanted.with_tag().familiar}")
        return chosen

    async def login(self, address: str, credentials: Credentials) -> str:
        """An identity token, "" if there is none. Raises RegistryProblem for credentials that are no good."""
        return await logging_in.login(address, credentials, self._settings)

    async def distribution(
        self, name: str, credentials: Credentials
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """(descriptor, platforms) of what a registry has under the name."""
        wanted = reference.parse(name).with_tag()
        try:
            return await inspecting.inspect(wanted, credentials, self._settings)
        except Refused as error:
            if is_missing(error):
                raise NotFound(str(error)) from error
            raise

    async def search(self, term: str, limit: int, credentials: Credentials) -> Sequence[Result]:
        return await searching.search(term, limit, credentials, self._settings)

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
