"""The network layer's use cases: networks come and go, containers are plugged in, ports are published.

One lock, one operation at a time; each is recorded before it is done and undone as a whole if a step fails. A
daemon that was killed leaves records and kernel objects; the next one calls `startup`, which puts right what
belongs to networks, and `reconcile` with the containers that still live, which removes the rest.

The mechanisms are elsewhere: addresses in `pool` and `claim`, rules in `planning`, cables in `bridge`,
packets in `firewall`, ports in `publishing`, other programs' firewalls in `coexist`, names in `names`.
"""

from __future__ import annotations

import builtins
import re
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from ipaddress import IPv4Address, IPv4Network, IPv6Network

from hythe.base.ids import new_id
from hythe.base.sockets import Bind
from hythe.errors import Conflict, Denied, InvalidArgument, NoSpace, NotFound
from hythe.kernel.netlink import routes
from hythe.network import bridge, planning
from hythe.network.addresses import Addresses
from hythe.network.claim import claim_base, release_base
from hythe.network.model import (
    DEFAULT_NETWORK,
    PREDEFINED,
    Driver,
    EndpointRecord,
    NetworkRecord,
    NetworkRequest,
    PortBound,
    PortRequest,
)
from hythe.network.names import Answer, Directory
from hythe.network.plant import Plant
from hythe.network.pool import DEFAULT_POOL, base6, checked_mac, mac_of, parse_subnet
from hythe.network.registry import Registry
from hythe.network.resolvers import only_loopback
from hythe.network.sweeper import namespace_is_gone
from hythe.store.database import Database


class Manager:
    """All networks of one daemon, in the network namespace of the thread that calls `startup`.

    `bind` takes ports where clients look for them, if that is another namespace.
    """

    def __init__(
        self, database: Database, instance: str, pool: str | None = None, bind: Bind | None = None
    ) -> None:
        if not re.fullmatch(r"[0-9A-Za-z_]{4,64}", instance):
            raise InvalidArgument(f"invalid instance name: {instance!r}", hint="4 to 64 letters or digits")
        self._instance = instance
        self._pool = parse_subnet(pool or DEFAULT_POOL, "address pool")
        self._registry = Registry(database)
        self._bind = bind
        self._names = Directory()
        self._addresses: dict[str, Addresses] = {}
        self._lock = threading.RLock()
        self._plant: Plant | None = None
        self._base = IPv4Network("0.0.0.0/32")

    # ---- start and end ------------------------------------------------------------------------

    def startup(self) -> None:
        """Put everything in place that networks need; what is there already is left. Idempotent."""
        with self._lock:
            if self._plant is not None:
                return
            with ExitStack() as undo:
                plant = Plant(self._instance, self._registry, self._finish, self._bind)
                undo.callback(plant.close)
                self._base = claim_base(plant.channel, self._registry, self._pool, self._instance)
                self._ensure_predefined(plant)
                for network in self.list():
                    self._open(network)
                plant.start(self.list())
                undo.pop_all()
            self._plant = plant

    def shutdown(self, *, remove_all: bool) -> None:
        """Let go of sockets and threads. `remove_all`: no container runs, so leave nothing in the kernel."""
        with self._lock:
            plant, self._plant = self._plant, None
        if plant is None:
            return
        plant.sweeper.stop()  # without the lock: its thread may be waiting for it
        with self._lock:
            self._finish_leaving(plant)
            if remove_all:
                plant.remove_all(self.list())
                release_base(plant.channel, self._base, self._instance)
            plant.stop(remove=remove_all)

    def reconcile(self, live: Mapping[str, int]) -> None:
        """Adopt what belongs to the containers in `live` (id to pid) and remove what belongs to others."""
        with self._lock:
            plant = self._running()
            present = bridge.present(plant.channel, plant.cable_prefix)
            for endpoint in list(self._registry.endpoints.values()):
                if endpoint.container_id not in live:
                    self.detach(endpoint.network_id, endpoint.container_id)
                elif endpoint.host_interface not in present:
                    self._names.remove(endpoint)
                    self._registry.leave(endpoint)
                    self._finish(endpoint)
            for id in list(self._registry.published):
                if id in live and self._registry.endpoints_of(id):
                    plant.publisher.restore(id)
                else:
                    plant.publisher.unpublish(id)
            plant.remove_strays(self._registry)

    def _running(self) -> Plant:
        if self._plant is None:
            raise Conflict("the network layer is not started")
        return self._plant

    def _ensure_predefined(self, plant: Plant) -> None:
        """The three networks that every Docker client expects; fresh subnets if the base had to change."""
        for name in PREDEFINED:
            if not any(network.name == name for network in self.list()):
                if name == DEFAULT_NETWORK:
                    self._registry.put_network(self._plan(NetworkRequest(name)))
                else:
                    driver: Driver = "host" if name == "host" else "none"
                    self._registry.put_network(NetworkRecord(new_id(), name, driver, time.time_ns()))
        for network in self.list():
            if not network.subnet or not network.automatic or self._registry.endpoints_on(network.id):
                continue
            if not IPv4Network(network.subnet).subnet_of(self._base):
                fresh = self._plan(NetworkRequest(network.name))
                network.subnet, network.gateway = fresh.subnet, fresh.gateway
                bridge.remove_interface(plant.channel, network.bridge)
                self._registry.put_network(network)

    def _open(self, network: NetworkRecord) -> None:
        """Load a network's addresses and names into memory."""
        if not network.subnet:
            return
        addresses = Addresses(network)
        for endpoint in self._registry.endpoints_on(network.id):
            addresses.hold(endpoint.ipv4, endpoint.ipv6)
            self._names.add(endpoint, network)
        self._addresses[network.id] = addresses

    # ---- networks -----------------------------------------------------------------------------

    def get(self, ref: str) -> NetworkRecord:
        """By name, id or a prefix of the id. Raises NotFound."""
        return self._registry.find(ref)

    def list(self) -> builtins.list[NetworkRecord]:
        return list(self._registry.networks.values())

    def endpoints(self, network_id: str) -> builtins.list[EndpointRecord]:
        return self._registry.endpoints_on(network_id)

    def create(self, request: NetworkRequest) -> NetworkRecord:
        """A new bridge network. Conflict if the name or the subnet is taken; Unsupported by name."""
        with self._lock:
            plant = self._running()
            planning.check_request(request, self.list())
            host = [r.destination for r in routes.dump(plant.channel) if r.destination != self._base]
            record = self._plan(request, host)
            with ExitStack() as undo:
                undo.callback(self._registry.delete_network, record.id)
                self._registry.put_network(record)
                undo.callback(plant.remove_network, record)
                plant.add_network(record)
                undo.pop_all()
            self._open(record)
            return record

    def _plan(self, request: NetworkRequest, host: Sequence[IPv4Network] = ()) -> NetworkRecord:
        networks = self.list()
        own = {network.subnet for network in networks}
        used = {network.bridge for network in networks}
        prefix = f"hy{self._instance[:4]}"
        name = next(f"{prefix}{n}" for n in range(len(used) + 1) if f"{prefix}{n}" not in used)
        foreign = [route for route in host if str(route) not in own]
        return planning.plan(
            request,
            base=self._base,
            base6=base6(self._instance),
            bridge=name,
            networks=networks,
            routes=foreign,
        )

    def remove(self, ref: str) -> None:
        """Remove a network. Conflict while containers are connected to it."""
        with self._lock:
            plant, record = self._running(), self.get(ref)
            if record.name in PREDEFINED:
                raise Denied(f"{record.name} is a pre-defined network and cannot be removed")
            held = self._registry.endpoints_on(record.id)
            if held:
                raise Conflict(
                    f"error while removing network: {record.name} id {record.id} has active endpoints",
                    hint="disconnect or stop: " + ", ".join(sorted(e.container_name for e in held)),
                )
            self._finish_leaving(plant)
            plant.remove_network(record)
            self._registry.delete_network(record.id)
            self._addresses.pop(record.id, None)

    # ---- containers ---------------------------------------------------------------------------

    def attach(
        self,
        network_id: str,
        container_id: str,
        container_name: str,
        pid: int,
        *,
        index: int,
        default_route: bool,
        names: Sequence[str],
        ipv4: str | None = None,
        ipv6: str | None = None,
        mac: str | None = None,
        links: Mapping[str, str] | None = None,
        link_local: Sequence[str] = (),
    ) -> EndpointRecord:
        """Plug process `pid`'s network namespace into a network as eth`index`, with loopback up.

        Raises Conflict if the container is connected already or the address is taken, NoSpace if none is
        free.
        """
        with self._lock:
            plant, network = self._running(), self.get(network_id)
            addresses = self._addresses.get(network.id)
            if addresses is None:
                raise InvalidArgument(f"network {network.name} ({network.driver}) takes no endpoints")
            if self._registry.endpoint(network.id, container_id) is not None:
                raise Conflict(
                    f"endpoint with name {container_name} already exists in network {network.name}"
                )
            with ExitStack() as undo:
                four, six = self._take(plant, addresses, ipv4, ipv6)
                undo.callback(addresses.give_back, four, six)
                id = new_id()
                record = EndpointRecord(
                    id=id,
                    network_id=network.id,
                    container_id=container_id,
                    container_name=container_name,
                    interface=f"eth{index}",
                    host_interface=f"{plant.cable_prefix}{id[:9]}",
                    ipv4=four,
                    prefix=IPv4Network(network.subnet).prefixlen,
                    gateway="" if network.internal else network.gateway,
                    mac=checked_mac(mac) or mac_of(IPv4Address(four)),
                    names=list(names),
                    pid=pid,
                    default_route=self._takes_default(container_id, network, default_route),
                    link_local=list(link_local),
                    links={alias.lower(): name.lower() for alias, name in (links or {}).items()},
                    ipv6=six,
                    prefix6=IPv6Network(network.subnet6).prefixlen if six else 0,
                    gateway6="" if network.internal else network.gateway6,
                )
                undo.callback(self._registry.delete_endpoint, id)
                self._registry.put_endpoint(record)
                plant.plug(record, network)
                undo.pop_all()
            self._names.add(record, network)
            return record

    def loopback(self, pid: int) -> None:
        """Set loopback up in the namespace of `pid` and nothing else: the network "none"."""
        try:
            bridge.loopback_up(pid)
        except OSError as error:
            raise bridge.problem(error, f"cannot set loopback up for process {pid}") from error

    def detach(self, network_id: str, container_id: str) -> None:
        """Unplug a container from a network; that it is not plugged in is no error."""
        with self._lock:
            plant = self._running()
            record = self._registry.endpoint(network_id, container_id)
            if record is None:
                return
            self._names.remove(record)
            published = self._registry.published.get(container_id)
            if published is not None and published.ipv4 == record.ipv4:
                plant.publisher.unpublish(container_id)
            self._registry.leave(record)
            if namespace_is_gone(record.pid):
                plant.sweeper.add(record)
            else:
                plant.unplug(record)
                self._finish(record)
                self._pass_on_default(plant, record)

    def _takes_default(self, container_id: str, network: NetworkRecord, wanted: bool) -> bool:
        """The way out leads through the network that is wanted for it, or the first that has an outside."""
        others = self._registry.endpoints_of(container_id)
        return not network.internal and (wanted or not any(other.default_route for other in others))

    def _pass_on_default(self, plant: Plant, record: EndpointRecord) -> None:
        """A running container that has lost its way out gets one through another of its networks."""
        heir = next((e for e in self._registry.endpoints_of(record.container_id) if e.gateway), None)
        if record.default_route and heir is not None:
            heir.default_route = True
            self._registry.put_endpoint(heir)
            plant.route(heir)

    def _finish(self, record: EndpointRecord) -> None:
        """An endpoint's cable is gone: forget it, and let others have the address. Idempotent."""
        with self._lock:
            if record.id not in self._registry.leaving:
                return
            self._registry.delete_endpoint(record.id)
            if record.network_id in self._addresses:
                self._addresses[record.network_id].give_back(record.ipv4, record.ipv6)

    def _finish_leaving(self, plant: Plant) -> None:
        for record in list(self._registry.leaving.values()):
            plant.unplug(record)
            self._finish(record)

    def _take(
        self, plant: Plant, addresses: Addresses, ipv4: str | None, ipv6: str | None
    ) -> tuple[str, str]:
        """Addresses; if there are none while ended containers are being cleared away, that is done first."""
        try:
            return addresses.take(ipv4, ipv6)
        except (Conflict, NoSpace):
            if not self._registry.leaving:
                raise
        self._finish_leaving(plant)
        return addresses.take(ipv4, ipv6)

    # ---- ports --------------------------------------------------------------------------------

    def publish(self, container_id: str, ports: Sequence[PortRequest]) -> builtins.list[PortBound]:
        """Publish ports of a connected container; all or nothing. Conflict names a port's holder."""
        with self._lock:
            plant = self._running()
            held = self._registry.endpoints_of(container_id)
            if not held:
                raise NotFound(f"container {container_id} is connected to no network that can publish ports")
            # The way back is the default route; an internal network has none, so it is the last choice.
            best = min(held, key=lambda endpoint: (not endpoint.gateway, not endpoint.default_route))
            return plant.publish(best, ports)

    def unpublish(self, container_id: str) -> None:
        """Give back all published ports of a container; that it has none is no error."""
        with self._lock:
            self._running().publisher.unpublish(container_id)

    # ---- names --------------------------------------------------------------------------------

    def lookup(self, container_id: str, name: str, kind: int) -> Answer | None:
        """What a name means to a container (`names.Resolver`). From any thread, without waiting."""
        return self._names.lookup(container_id, name, kind)

    def serves_names(self, refs: Sequence[str]) -> bool:
        """Whether a container on these networks gets the name server: on a user network always, on the
        default one only where the host's own servers cannot be reached from a container."""
        records = [self.get(ref) for ref in refs]
        bridged = [record for record in records if record.driver == "bridge"]
        named = any(record.name != DEFAULT_NETWORK for record in bridged)
        return named or (bool(bridged) and only_loopback())
