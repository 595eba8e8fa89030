"""One engine and its API, started in order and stopped in the other.

Start: the engine, which adopts what runs; then the sockets, so that whoever is answered is answered rightly.
Stop: no new connections, requests get a moment to end, then the engine lets go. The containers run on, unless
the configuration says `on-exit = "stop"`.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from pathlib import Path

from hythe.api.docker.connection import Server
from hythe.api.docker.server import make_server
from hythe.api.docker.table import ROUTES
from hythe.daemon.config import Config
from hythe.daemon.sockets import Address, open_socket, parse, tls_context
from hythe.engine.engine import Engine

log = logging.getLogger("hythe.daemon")

GRACE = 2.0


class Daemon:
    """Runs from `start` to `stop`; `config` has been validated and the roots are locked."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        """Raises HytheError; what had been started is stopped then."""
        async with AsyncExitStack() as stack:
            config = self._config
            addresses = [parse(text) for text in config.hosts]
            engine = Engine(config.data_root, config.exec_root, pool=config.pool)
            await engine.start()
            stack.push_async_callback(engine.stop, stop_containers=config.on_exit == "stop")
            server = make_server(engine, ROUTES)
            stack.push_async_callback(server.stop, GRACE)
            for address in addresses:
                await self._listen(stack, server, address)
            self._stack = stack.pop_all()

    async def _listen(self, stack: AsyncExitStack, server: Server, address: Address) -> None:
        loop = asyncio.get_running_loop()
        context = tls_context(self._config) if address.path is None else None
        listener = open_socket(address, secured=context is not None)
        if address.path is not None:
            stack.callback(_remove_socket, address.path, address.path.stat().st_ino)
            serving = await loop.create_unix_server(server, sock=listener)
        else:
            serving = await loop.create_server(server, sock=listener, ssl=context)
        stack.callback(serving.close)
        log.info("listening on %s", address.text)

    async def stop(self) -> None:
        await self._stack.aclose()


def _remove_socket(path: Path, inode: int) -> None:
    """Remove our own socket; not one that another daemon has put in its place."""
    try:
        if path.stat().st_ino == inode:
            path.unlink()
    except FileNotFoundError:
        return
