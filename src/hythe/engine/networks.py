"""Networks for containers: `hythe.network` on a thread of its own, and names answered on the event loop.

Everything that touches the kernel runs on one worker thread, in order: a netlink message takes under a
millisecond, and one thread may change its network namespace without a care for the others.
"""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from hythe.base.ids import short
from hythe.engine.containers.links import parsed
from hythe.engine.events import Events
from hythe.engine.model import Container, Endpoint, EndpointRequest, PortBinding
from hythe.errors import Conflict, InvalidArgument, NotFound
from hythe.network.manager import Manager
from hythe.network.model import EndpointRecord, NetworkRecord, NetworkRequest, PortRequest
from hythe.network.nameserver import NameServer

T = TypeVar("T")
DEFAULT = "bridge"


class NetworkService:
    def __init__(self, manager: Manager, events: Events) -> None:
        self._manager, self._events = manager, events
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="network")
        self._names = NameServer()

    async def run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def startup(self, live: Mapping[str, int]) -> None:
        await self.run(self._manager.startup)
        await self.run(lambda: self._manager.reconcile(live))

    async def shutdown(self, *, remove_all: bool) -> None:
        await self._names.close()
        await self.run(lambda: self._manager.shutdown(remove_all=remove_all))
        self._thread.shutdown()

    # ---- networks as users see them -----------------------------------------------------------

    def get(self, ref: str) -> NetworkRecord:
        return self._manager.get(ref)

    def list(self) -> builtins.list[NetworkRecord]:
        return self._manager.list()

    def endpoints(self, network_id: str) -> builtins.list[EndpointRecord]:
        return self._manager.endpoints(network_id)

    async def create(self, request: NetworkRequest) -> NetworkRecord:
        record = await self.run(lambda: self._manager.create(request))
        self._publish("create", record)
        return record

    async def remove(self, ref: str) -> None:
        record = self._manager.get(ref)
        await self.run(lambda: self._manager.remove(record.id))
        self._publish("destroy", record)

    def _publish(self, action: str, record: NetworkRecord, **attributes: str) -> None:
        known = {"name": record.name, "type": record.driver}
        self._events.publish("network", action, record.id, known | attributes)

    # ---- the containers' side -----------------------------------------------------------------

    def check(self, record: Container) -> None:
        """Every network that the container names can hold it; before anything is made.

        One that is not there is missed by the start, as with dockerd: clients take a 404 for a missing image, and pull.
        """
        for name, endpoint in record.endpoints.items():
            try:
                network = self._manager.get(name)
            except NotFound:
                continue
            if network.driver != "bridge":
                raise InvalidArgument(f"a container cannot be connected to the network {name!r} this way")
            if (
                network.name == DEFAULT
                and endpoint.request.aliases
                and record.spec.host.network_mode != "default"
            ):
                raise InvalidArgument(
                    "network-scoped alias is supported only for containers in user defined networks",
                    hint="hythe network create NAME, and --network NAME",
                )

    async def attach(self, record: Container, pid: int) -> None:
        """Plug the running process `pid` into the container's networks and publish its ports."""
        if not record.endpoints:
            await self.run(lambda: self._manager.loopback(pid))
            return
        for index, name in enumerate(builtins.list(record.endpoints)):
            await self._plug(record, pid, name, index)
        requests = self._requests(record)
        if requests:
            bound = await self.run(lambda: self._manager.publish(record.id, requests))
            record.published = [
                PortBinding(b.container_port, b.protocol, b.host_ip, b.host_port) for b in bound
            ]
        if self.own_server(record):
            await self._names.serve(record.id, pid, self._manager)

    async def _plug(self, record: Container, pid: int, name: str, index: int) -> None:
        endpoint = record.endpoints[name]
        network = self._manager.get(endpoint.network_id or name)
        made = await self.run(
            lambda: self._manager.attach(
                network.id,
                record.id,
                record.name,
                pid,
                index=index,
                default_route=index == 0,
                names=self._names_of(record, endpoint, network),
                ipv4=endpoint.request.ipv4,
                ipv6=endpoint.request.ipv6,
                mac=endpoint.request.mac,
                link_local=endpoint.request.link_local,
                links={alias: name for name, alias in map(parsed, endpoint.request.links)},
            )
        )
        record.endpoints[name] = _endpoint(network, endpoint.request, made)
        self._publish("connect", network, container=record.id)

    def _names_of(self, record: Container, endpoint: Endpoint, network: NetworkRecord) -> builtins.list[str]:
        if network.name == DEFAULT:
            return []
        names = [record.name, short(record.id), *endpoint.request.aliases]
        if record.spec.hostname:
            names.append(record.spec.hostname)
        return builtins.list(dict.fromkeys(names))

    def _requests(self, record: Container) -> builtins.list[PortRequest]:
        host = record.spec.host
        wanted = [
            PortRequest(p.container_port, p.protocol, p.host_ip, p.host_port, p.host_port_end)
            for p in host.ports
        ]
        if host.publish_all:
            named = {(p.container_port, p.protocol) for p in wanted}
            for text in record.exposed_ports:
                number, _, protocol = text.partition("/")
                if (int(number), protocol or "tcp") not in named:
                    wanted.append(PortRequest(int(number), protocol or "tcp", "", 0, 0))
        return wanted

    async def detach(self, record: Container) -> None:
        """Undo `attach`; nothing to undo is no error. What was asked for stays in the record."""
        await self._names.stop(record.id)
        networks = [e.network_id for e in record.endpoints.values() if e.network_id]

        def work() -> None:
            if record.published:
                self._manager.unpublish(record.id)
            for network_id in networks:
                self._manager.detach(network_id, record.id)

        if networks:
            await self.run(work)
        record.published = []
        for name, endpoint in record.endpoints.items():
            if endpoint.endpoint_id:
                self._publish("disconnect", self._manager.get(endpoint.network_id), container=record.id)
                record.endpoints[name] = Endpoint(
                    endpoint.network_id, endpoint.network_name, endpoint.request
                )

    async def resume(self, record: Container) -> None:
        """Serve names again for a container that ran on while the daemon was away."""
        if self.own_server(record):
            await self._names.serve(record.id, record.state.pid, self._manager)

    def own_server(self, record: Container) -> bool:
        """Whether names are answered by hythe inside the container (user networks)."""
        if record.spec.host.own_dns:
            return False
        return bool(record.endpoints) and self._manager.serves_names(
            [e.network_id or n for n, e in record.endpoints.items()]
        )

    def gateway(self, record: Container) -> str:
        return next((e.gateway for e in record.endpoints.values() if e.gateway), "127.0.0.1")

    # ---- connect and disconnect ---------------------------------------------------------------

    async def connect(self, record: Container, ref: str, request: EndpointRequest) -> None:
        network = self._manager.get(ref)
        if network.driver != "bridge":
            raise Conflict(f"a container cannot be connected to the network {network.name!r}")
        mode = record.spec.host.network_mode
        if mode in ("host", "none") or mode.startswith("container:"):
            raise Conflict(
                "container sharing network namespace with another container or host "
                "cannot be connected to any other network"
            )
        if network.name in record.endpoints:
            raise Conflict(f"endpoint with name {record.name} already exists in network {network.name}")
        record.endpoints[network.name] = Endpoint(network.id, network.name, request)
        if record.state.pid:
            index = self._free_index(record)
            try:
                await self._plug(record, record.state.pid, network.name, index)
            except BaseException:
                del record.endpoints[network.name]
                raise
            if self.own_server(record):
                await self._names.serve(record.id, record.state.pid, self._manager)

    def _free_index(self, record: Container) -> int:
        used = {e.interface for e in record.endpoints.values()}
        return next(n for n in range(1024) if f"eth{n}" not in used)

    async def disconnect(self, record: Container, ref: str) -> None:
        network = self._manager.get(ref)
        if record.endpoints.pop(network.name, None) is None:
            raise NotFound(f"container {record.id} is not connected to network {network.name}")
        await self.run(lambda: self._manager.detach(network.id, record.id))
        self._publish("disconnect", network, container=record.id)


def _endpoint(network: NetworkRecord, request: EndpointRequest, made: EndpointRecord) -> Endpoint:
    return Endpoint(
        network_id=network.id,
        network_name=network.name,
        request=request,
        endpoint_id=made.id,
        interface=made.interface,
        ipv4=made.ipv4,
        prefix=made.prefix,
        gateway=made.gateway,
        mac=made.mac,
        ipv6=made.ipv6,
        prefix6=made.prefix6,
        gateway6=made.gateway6,
    )
