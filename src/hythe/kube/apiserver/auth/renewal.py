"""Certificates of a server that runs for longer than they do: looked at once a day, and renewed in place.

A TLS context takes a new certificate for the connections that come; those that are open go on with the old one.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Final

from hythe.errors import HytheError
from hythe.kube.apiserver.auth.pki import Pki

log = logging.getLogger("hythe.kube.apiserver")
SECONDS: Final = 24 * 3600.0


class Renewal:
    """Runs from `start` to `stop`. `contexts`: by the name of the certificate that each of them has.

    `renew` makes sure that all is good for a while; it may block.
    """

    def __init__(
        self,
        renew: Callable[[], Pki],
        contexts: Mapping[str, ssl.SSLContext],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._renew, self._contexts, self._sleep = renew, contexts, sleep
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="certificate renewal")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            await self._sleep(SECONDS)
            try:
                pki = await asyncio.to_thread(self._renew)
                for name, context in self._contexts.items():
                    context.load_cert_chain(*pki.files(name))
            except (HytheError, OSError) as error:
                log.error("the certificates cannot be renewed: %s", error)
