"""One engine and its API, started in order and stopped in the other.

Start: the sockets are bound, which finds a taken one before anything is touched; then the engine, which
adopts what runs; only then are requests answered. Stop: no new connections, requests get a moment to end,
then the engine lets go. The containers run on, unless the configuration says `on-exit = "stop"`.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from contextlib import AsyncExitStack
from pathlib import Path

from hythe.api.authorization.door import Plugins
from hythe.api.docker.connection import Server
from hythe.api.docker.server import make_server
from hythe.api.docker.table import ROUTES
from hythe.api.metrics.requests import Requests
from hythe.api.metrics.server import make_server as make_metrics_server
from hythe.base.sockets import Bind, bound
from hythe.daemon import tls
from hythe.daemon.config import Config, cri_path, host_and_port
from hythe.daemon.registries import settings
from hythe.daemon.rootless.entrance import Inside
from hythe.daemon.sockets import BACKLOG, Address, open_port, open_socket, parse, tls_context
from hythe.engine.engine import Engine
from hythe.engine.runtimes.choice import Runtimes
from hythe.engine.standing import Standing
from hythe.errors import Unavailable, Unsupported

log = logging.getLogger("hythe.daemon")

GRACE = 2.0


class Daemon:
    """Runs from `start` to `stop`; `config` has been validated and the roots are locked.

    `inside`: where the daemon of an ordinary user is, None for root's.
    """

    def __init__(self, config: Config, inside: Inside | None = None) -> None:
        self._config, self._inside = config, inside
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        """Raises HytheError; what had been started is stopped then."""
        config = self._config
        async with AsyncExitStack() as stack:
            context = tls_context(config)
            standing = _standing(self._inside)
            bind = standing.bind or bound
            listeners = [_open(stack, parse(text), config, bind) for text in config.hosts]
            requests, scraped = Requests(), _open_metrics(stack, config, bind)
            engine = Engine(
                config.data_root,
                config.exec_root,
                pool=config.pool,
                userns=config.userns,
                runtimes=Runtimes(config.runtimes, config.default_runtime),
                standing=standing,
                registries=settings(
                    config.insecure_registries,
                    config.registry_mirrors,
                    config.registry_certs,
                    config.token_hosts,
                ),
            )
            await engine.start()
            stack.push_async_callback(engine.stop, stop_containers=config.on_exit == "stop")
            door = _door(stack, config)
            server = make_server(engine, ROUTES, requests.observe if scraped else None, door)
            stack.push_async_callback(server.stop, GRACE)
            for listener in listeners:
                await _serve(stack, server, listener, context)
            if scraped:
                await _serve_metrics(stack, engine, requests, scraped)
            if config.cri is not None:
                if self._inside is not None:
                    raise Unsupported("CRI takes a daemon that is root's", hint="leave --cri out")
                await _serve_cri(stack, engine, config.cri)
            self._stack = stack.pop_all()
        for text in (*config.hosts, *filter(None, (config.cri,))):
            log.info("listening on %s", text)

    async def stop(self) -> None:
        await self._stack.aclose()


def _standing(inside: Inside | None) -> Standing:
    if inside is None:
        return Standing()
    return Standing(inside.bound, (inside.lifeline,), tuple(inside.warnings), rootless=True)


def _door(stack: AsyncExitStack, config: Config) -> Plugins | None:
    if not config.authorization_plugins:
        return None
    plugins = Plugins(config.authorization_plugins, config.exec_root / "plugins")
    stack.push_async_callback(plugins.close)
    return plugins


def _open(stack: AsyncExitStack, address: Address, config: Config, bind: Bind) -> socket.socket:
    """Bound and listening: whoever connects from now on waits until the engine has started."""
    listener = open_socket(address, config, bind)
    stack.callback(listener.close)
    if address.path is not None:
        stack.callback(_remove_socket, address.path, address.path.stat().st_ino)
    return listener


def _open_metrics(stack: AsyncExitStack, config: Config, bind: Bind) -> socket.socket | None:
    if config.metrics_addr is None:
        return None
    listener = open_port(*host_and_port(config.metrics_addr), config.metrics_addr, bind)
    stack.callback(listener.close)
    return listener


async def _serve_metrics(
    stack: AsyncExitStack, engine: Engine, requests: Requests, listener: socket.socket
) -> None:
    server = make_metrics_server(engine, requests)
    serving = await asyncio.get_running_loop().create_server(server, sock=listener)
    stack.push_async_callback(server.shutdown, GRACE)
    stack.callback(serving.close)


async def _serve_cri(stack: AsyncExitStack, engine: Engine, where: str) -> None:
    """gRPC is loaded by those alone that ask for it. Raises Unavailable where it is not installed."""
    try:
        from hythe.api.cri.service import Service
    except ImportError as error:
        raise Unavailable(
            f"CRI needs what is not installed: {error.name}", hint="pip install --upgrade hythe"
        ) from error
    service = Service(engine, cri_path(where))
    await service.start()
    stack.push_async_callback(service.stop)


async def _serve(
    stack: AsyncExitStack, server: Server, listener: socket.socket, context: ssl.SSLContext | None
) -> None:
    loop = asyncio.get_running_loop()
    if listener.family != socket.AF_UNIX and context is not None:
        door = asyncio.ensure_future(tls.serve(listener, server, context))
        stack.push_async_callback(_ended, door)
        return
    if listener.family == socket.AF_UNIX:
        serving = await loop.create_unix_server(server, sock=listener, backlog=BACKLOG)
    else:
        serving = await loop.create_server(server, sock=listener, backlog=BACKLOG)
    stack.callback(serving.close)


async def _ended(task: asyncio.Future[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _remove_socket(path: Path, inode: int) -> None:
    """Remove our own socket; not one that another daemon has put in its place."""
    try:
        if path.stat().st_ino == inode:
            path.unlink()
    except FileNotFoundError:
        return
