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
from hythe.kube.client.informer import Informer, each
from hythe.kube.client.resources import NODES
from hythe.kube.client.shared import SharedInformers
from hythe.kube.cluster.membership import Membership, pods_group
from hythe.kube.cluster.naming import ClusterNames
from hythe.kube.cluster.status import is_ready
from hythe.kube.cluster.tasks import Tasks
from hythe.kube.kubelet.config import Settings
from hythe.kube.kubelet.cri.client import CriError, Runtime
from hythe.kube.kubelet.kubelet import Kubelet
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
            names = ClusterNames(
                informers, own, self._client, about.node, about.address, about.domain, about.data
            )
            await names.start()
            stack.push_async_callback(names.stop)
            proxy = ServiceProxy(
                informers,
                instance=about.instance,
                node=about.node,
                services=about.services,
                pods=[about.pods],
            )
            proxy.set_own_pods([about.own_pods])
            stack.push_async_callback(self.tasks.stop)
            informers.start()
            self._node = own
            kubelet = Kubelet(_kubelet_settings(about), self._client)
            self._ready = kubelet.ready
            self._proxy = proxy
            self.tasks.begin(own.run(), "node")
            self.tasks.begin(kubelet.run(), "kubelet")
            self.tasks.begin(proxy.run(), "service proxy")
            self.tasks.begin(names.publish(), "names")
            self._stack = stack.pop_all()

    async def ready(self) -> None:
        """Wait until pods can run here: the table is there, and the node says that it is ready."""
        await self._proxy.ready()
        await self._ready.wait()
        said = asyncio.Event()
        self._node.add_handler(each(lambda node: said.set() if is_ready(node) else None))
        await said.wait()

    async def stop(self) -> None:
        await self._stack.aclose()


async def run(membership: Membership, ready: asyncio.Event, stopping: asyncio.Event) -> None:
    """Until `stopping`; `ready` is set when the node is ready."""
    async with Client.from_kubeconfig(membership.kubeconfig, manager="hythe-agent") as client:
        await asyncio.gather(_reached(client), _runtime_answers(membership))
        await _run(Agent(membership, client), ready, stopping)


async def _run(agent: Agent, ready: asyncio.Event, stopping: asyncio.Event) -> None:
    await agent.start()
    agent.tasks.begin(_tell(agent, ready), "readiness")
    try:
        await agent.tasks.until(stopping)
    finally:
        await agent.stop()


async def _tell(agent: Agent, ready: asyncio.Event) -> None:
    await agent.ready()
    ready.set()
    await asyncio.Event().wait()


def _kubelet_settings(about: Membership) -> Settings:
    return Settings(
        node_name=about.node,
        cri=about.cri,
        root=about.data / "kubelet",
        pod_logs=about.data / "logs",
        address=about.address,
        port=0,
        certificates=(about.authority, about.certificate, about.key),
        cluster_dns=(about.dns_address,),
        cluster_domain=about.domain,
        cgroup_root=pods_group(about.instance),
        pod_cidr=about.own_pods,
        node_ips=(about.address,),
    )


async def _runtime_answers(about: Membership) -> None:
    """Wait for the container runtime, which may have been started at the same moment. Raises Unavailable."""
    runtime = Runtime(about.cri, _PATIENCE)
    end = time.monotonic() + _PATIENCE
    try:
        while True:
            try:
                await runtime.version()
                return
            except CriError as error:
                if time.monotonic() > end:
                    raise Unavailable(
                        f"the container runtime at {about.cri} does not answer: {error}"
                    ) from error
            await asyncio.sleep(_AGAIN)
    finally:
        await runtime.close()


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
