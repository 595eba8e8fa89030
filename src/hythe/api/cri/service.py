"""The interface put together for one engine: every group of methods, and the socket."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from hythe.api.cri.containers import Containers
from hythe.api.cri.events import Events
from hythe.api.cri.execs import Execs
from hythe.api.cri.images import Images
from hythe.api.cri.network import PodNetwork
from hythe.api.cri.node import Node
from hythe.api.cri.pods import Pods
from hythe.api.cri.records import Records
from hythe.api.cri.server import Handlers, Server
from hythe.api.cri.stats import Stats
from hythe.api.cri.streaming.server import StreamingServer

if TYPE_CHECKING:
    from hythe.engine.engine import Engine

GRACE = 2.0


class Service:
    """Serves `engine` on a unix socket at `path` from `start` to `stop`."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self._streaming = StreamingServer(engine)
        self._server = Server(path, handlers_of(engine, self._streaming))

    async def start(self) -> None:
        """Raises Conflict, SystemProblem, OSError; nothing is served then."""
        async with AsyncExitStack() as undo:
            await self._streaming.start()
            undo.push_async_callback(self._streaming.stop)
            await self._server.start()
            undo.pop_all()

    async def stop(self) -> None:
        await self._server.stop(GRACE)
        await self._streaming.stop()


def handlers_of(engine: Engine, streaming: StreamingServer) -> Handlers:
    """Every method that is served, by its name."""
    records, network, images = Records(engine.containers), PodNetwork(engine.networks), Images(engine)
    containers = Containers(engine, records, images)
    pods = Pods(engine, records, network, containers)
    execs = Execs(engine, records, streaming)
    groups = (
        pods,
        containers,
        images,
        execs,
        Stats(engine, records),
        Events(engine, records, pods),
        Node(engine, network),
    )
    return {name: handler for group in groups for name, handler in group.handlers().items()}
