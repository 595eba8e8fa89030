"""How a build, which runs in a thread, has an image pulled, which happens on the event loop.

The thread waits until the pull has ended; a build that is given up cancels it from the loop.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, suppress
from typing import Any

from hythe.build.api import BuildCancelled, Progress
from hythe.errors import InvalidArgument
from hythe.oci import reference
from hythe.registry.credentials import NOBODY, Credentials
from hythe.registry.login import registry_of

Fetching = Callable[[str, str, Credentials], AsyncGenerator[dict[str, Any], None]]


class FetchForBuild:
    """`build.api.Fetch` for one build; made on the event loop. `credentials` are by the address of the registry."""

    def __init__(self, fetching: Fetching, credentials: Mapping[str, Credentials]) -> None:
        self._loop, self._fetching = asyncio.get_running_loop(), fetching
        self._credentials: dict[str, Credentials] = {}
        for address, who in credentials.items():
            with suppress(InvalidArgument):  # an address that means nothing to us is none that we ask
                self._credentials[registry_of(address)] = who
        self._running: concurrent.futures.Future[None] | None = None

    def __call__(self, name: str, platform: str, progress: Progress) -> None:
        wanted = reference.parse(name).with_tag()
        who = self._credentials.get(wanted.registry, NOBODY)

        async def pull() -> None:
            async with aclosing(self._fetching(str(wanted), platform, who)) as messages:
                async for message in messages:
                    progress(message)

        self._running = asyncio.run_coroutine_threadsafe(pull(), self._loop)
        try:
            self._running.result()
        except concurrent.futures.CancelledError as error:
            raise BuildCancelled from error

    def cancel(self) -> None:
        if self._running is not None:
            self._running.cancel()
