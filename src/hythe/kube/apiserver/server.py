"""One API server: its parts put together, its sockets opened, started in order and stopped in the other.

Two doors: a TLS port, whose clients are whoever their certificate or token says, and a unix socket in the data
directory that only its owner can open, whose clients are `system:masters`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from hythe.kube.apiserver.admission.chain import Chain
from hythe.kube.apiserver.admission.services import Services
from hythe.kube.apiserver.allocation import Allocator, addresses, ports
from hythe.kube.apiserver.bootstrap import bootstrap, repair
from hythe.kube.apiserver.config import Config
from hythe.kube.apiserver.connection import Server
from hythe.kube.apiserver.definitions import Definitions
from hythe.kube.apiserver.dispatch import Dispatcher
from hythe.kube.apiserver.kinds import Kinds
from hythe.kube.apiserver.machine import Machine, SystemClock
from hythe.kube.apiserver.openness import Everyone, Nobody
from hythe.kube.apiserver.paths import Paths
from hythe.kube.apiserver.records import Records
from hythe.kube.objects.schema.resources import builtin
from hythe.kube.store.contract import Store

log = logging.getLogger("hythe.kube.apiserver")

GRACE: Final = 2.0
_BACKLOG: Final = 1024
_MAX_HEADER: Final = 64 * 1024


class ApiServer:
    """Runs from `start` to `stop`. The store is the caller's to close."""

    def __init__(self, config: Config, store: Store) -> None:
        self.config = config
        self._addresses = Allocator(store, addresses(config.service_cidr))
        self._ports = Allocator(store, ports(*config.node_ports))
        plugins = [Services(self._addresses, self._ports, str(config.service_cidr))]
        self.machine = _machine(config, store, Chain(plugins))
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        """Raises HytheError or OSError; what had been started is stopped then."""
        dispatcher = Dispatcher(self.machine, Paths(self.machine))
        async with AsyncExitStack() as stack:
            await repair(self.machine, self._addresses, self._ports)
            await bootstrap(self.machine, self.config.port)
            await self._open_socket(stack, dispatcher)
            self._stack = stack.pop_all()

    async def stop(self) -> None:
        """Watches end now, other requests have a moment."""
        await self._stack.aclose()

    async def _open_socket(self, stack: AsyncExitStack, dispatcher: Dispatcher) -> None:
        server = _server(dispatcher, local=True)
        stack.push_async_callback(server.stop, GRACE)
        listener = private_socket(self.config.socket)
        stack.callback(self.config.socket.unlink, missing_ok=True)
        serving = await asyncio.get_running_loop().create_unix_server(server, sock=listener, backlog=_BACKLOG)
        stack.callback(serving.close)


def _server(dispatcher: Dispatcher, *, local: bool) -> Server:
    return Server(
        dispatcher,
        local=local,
        access_log=None,
        max_line_size=_MAX_HEADER,
        max_field_size=_MAX_HEADER,
        tcp_keepalive=True,
    )


def private_socket(path: Path) -> socket.socket:
    """A unix socket that only its owner can connect to, in place of one that a dead server left behind."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(os.fspath(path))
    finally:
        os.umask(before)
    return listener


def _machine(config: Config, store: Store, admission: Chain) -> Machine:
    return Machine(
        config=config,
        definitions=Definitions(builtin()),
        records=Records(store),
        kinds=Kinds(),
        admission=admission,
        authenticator=Nobody(),
        authorizer=Everyone(),
        clock=SystemClock(),
    )
