"""`hythe kube agent`: kubelet, service proxy and cluster DNS of one node, in one process, in the foreground.

All three are clients of the API server, on one set of informers. The agent is ready when its node is.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Final

from hythe.errors import Unavailable
from hythe.kube.client.client import Client
from hythe.kube.client.informer import Informer
from hythe.kube.client.resources import NODES
from hythe.kube.client.shared import SharedInformers
from hythe.kube.cluster.membership import Membership
from hythe.kube.cluster.naming import ClusterNames
from hythe.kube.cluster.tasks import Tasks
from hythe.kube.proxy.proxy import ServiceProxy

_PATIENCE: Final = 120.0
_AGAIN: Final = 0.05


class Agent:
    """One node, from `start` to `stop`."""

    def __init__(self, membership: Membership, client: Client) -> None:
        self._membership, self._client = membership, client
        self._stack = AsyncExitStack()
        self.tasks = Tasks()

    async def start(self) -> None:
        """Raises HytheError; what had been started is stopped then."""
        about = self._membership
        async with AsyncExitStack() as stack:
            informers = SharedInformers(self._client)
            stack.push_async_callback(informers.stop)
            own = Informer(self._client, NODES, fields=f"metadata.name={about.node}")
            names = ClusterNames(informers, own, self._client, about.node, about.address, about.domain)
            await names.start()
            stack.push_async_callback(names.stop)
            proxy = ServiceProxy(
                informers,
                instance=about.instance,
                node=about.node,
                services=about.services,
                pods=[about.pods],
            )
            proxy.set_own_pods([about.pods])
            stack.push_async_callback(self.tasks.stop)
            informers.start()
            self.tasks.begin(own.run(), "node")
            self.tasks.begin(proxy.run(), "service proxy")
            self.tasks.begin(names.publish(), "names")
            self._stack = stack.pop_all()

    async def stop(self) -> None:
        await self._stack.aclose()


async def run(membership: Membership, ready: asyncio.Event, stopping: asyncio.Event) -> None:
    """Until `stopping`; `ready` is set when the node is ready."""
    async with Client.from_kubeconfig(membership.kubeconfig, manager="hythe-agent") as client:
        await _reached(client)
        await _run(Agent(membership, client), ready, stopping)


async def _run(agent: Agent, ready: asyncio.Event, stopping: asyncio.Event) -> None:
    await agent.start()
    ready.set()
    try:
        await agent.tasks.until(stopping)
    finally:
        await agent.stop()


async def _reached(client: Client) -> None:
    """Wait for the server, which may have been started at the same moment. Raises Unavailable after a while."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            await client.call("GET", "/version")
            return
        except Unavailable:
            if time.monotonic() > end:
                raise
        await asyncio.sleep(_AGAIN)
