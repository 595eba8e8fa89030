"""What a running manager holds: the netlink socket, the packet filter's table, the ports, the watcher.

Made at startup, in the network namespace of the thread that starts it, and gone at shutdown. It turns the
manager's decisions into kernel objects and the kernel's refusals into hythe's errors. It decides nothing.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack

from hythe.base.sockets import Bind
from hythe.kernel.netlink.channel import Channel
from hythe.kernel.nftables import Nftables
from hythe.network import bridge
from hythe.network.coexist import Coexistence
from hythe.network.firewall import Firewall
from hythe.network.forwarding import Ipv6, forward_ipv4
from hythe.network.model import EndpointRecord, NetworkRecord, PortBound, PortRequest
from hythe.network.planning import HAIRPIN_OPTION, MTU_OPTION
from hythe.network.pool import base6
from hythe.network.publishing import Publisher
from hythe.network.registry import Registry
from hythe.network.sweeper import Sweeper


class Plant:
    """The kernel side of one daemon's networks."""

    def __init__(
        self,
        instance: str,
        registry: Registry,
        finish: Callable[[EndpointRecord], None],
        bind: Bind | None = None,
    ) -> None:
        self.bridge_prefix = f"hy{instance[:4]}"
        self.cable_prefix = f"hv{instance[:4]}"
        self._resources = ExitStack()
        with ExitStack() as undo:
            self.channel = Channel()
            undo.callback(self.channel.close)
            nftables = Nftables()
            undo.callback(nftables.close)
            self.firewall = Firewall(nftables, instance)
            self.publisher = Publisher(registry, self.firewall, bind)
            undo.callback(self.publisher.close)
            self._ipv6 = Ipv6(self.channel, base6(instance), instance)
            self._coexistence = Coexistence(self.bridge_prefix, instance)
            self.sweeper = Sweeper(self.cable_prefix, finish)
            self._resources = undo.pop_all()
        self._registry = registry
        self._mtu = bridge.host_mtu(self.channel)
        self._indexes: dict[str, int] = {}

    def start(self, networks: Iterable[NetworkRecord]) -> None:
        """Bridges, then the table that guards them, then the watch over other programs' tables."""
        bridged = [network for network in networks if network.bridge]
        forward_ipv4()
        self._ipv6.ready(bridged)
        for network in bridged:
            self._make_bridge(network)
        self.firewall.install(bridged, self._registry.published.values())
        self._coexistence.start()

    def remove_all(self, networks: Iterable[NetworkRecord]) -> None:
        """Cables, bridges and the table: everything but the claimed range."""
        for prefix in (self.cable_prefix, self.bridge_prefix):
            for name in bridge.present(self.channel, prefix):
                bridge.remove_interface(self.channel, name)
        self._indexes.clear()
        self._ipv6.release()
        self.firewall.uninstall()

    def stop(self, *, remove: bool) -> None:
        self._coexistence.stop(remove=remove)
        self._resources.close()

    def close(self) -> None:
        """Let go of everything after a startup that failed half way."""
        self.sweeper.stop()
        self.stop(remove=False)

    def remove_strays(self, registry: Registry) -> None:
        """Interfaces with our prefixes that no record names: what a killed daemon was in the middle of."""
        cables = {endpoint.host_interface for endpoint in registry.endpoints.values()}
        bridges = {network.bridge for network in registry.networks.values()}
        for prefix, known in ((self.cable_prefix, cables), (self.bridge_prefix, bridges)):
            for name in bridge.present(self.channel, prefix) - known:
                bridge.remove_interface(self.channel, name)

    # ---- networks -----------------------------------------------------------------------------

    def add_network(self, network: NetworkRecord) -> None:
        self._ipv6.ready([network])
        self.firewall.add_network(network)
        self._make_bridge(network)

    def remove_network(self, network: NetworkRecord) -> None:
        self._indexes.pop(network.id, None)
        bridge.remove_interface(self.channel, network.bridge)
        self.firewall.remove_network(network)

    def _make_bridge(self, network: NetworkRecord) -> None:
        try:
            self._indexes[network.id] = bridge.make_bridge(self.channel, network, self._mtu_of(network))
        except OSError as error:
            raise bridge.problem(error, f"cannot make network {network.name}") from error

    def _mtu_of(self, network: NetworkRecord) -> int:
        return int(network.options.get(MTU_OPTION, self._mtu))

    # ---- cables -------------------------------------------------------------------------------

    def plug(self, endpoint: EndpointRecord, network: NetworkRecord) -> None:
        index = self._indexes.get(network.id) or bridge.bridge_index(self.channel, network)
        try:
            bridge.plug(self.channel, endpoint, index, self._mtu_of(network))
            if network.options.get(HAIRPIN_OPTION) == "true":
                bridge.allow_hairpin(self.channel, endpoint)
        except OSError as error:
            # A bridge that somebody deleted behind our back is looked up again the next time.
            if error.errno in (errno.ENODEV, errno.EINVAL):
                self._indexes.pop(network.id, None)
            what = f"cannot connect container {endpoint.container_name} to network {network.name}"
            raise bridge.problem(error, what) from error

    def publish(self, endpoint: EndpointRecord, ports: Sequence[PortRequest]) -> list[PortBound]:
        bound = self.publisher.publish(endpoint, ports)
        try:
            bridge.allow_hairpin(self.channel, endpoint)
        except OSError as error:
            self.publisher.unpublish(endpoint.container_id)
            raise bridge.problem(error, f"cannot publish ports of {endpoint.container_name}") from error
        return bound

    def route(self, endpoint: EndpointRecord) -> None:
        try:
            bridge.add_default_route(endpoint)
        except OSError as error:
            raise bridge.problem(error, f"cannot route for container {endpoint.container_name}") from error

    def unplug(self, endpoint: EndpointRecord) -> None:
        try:
            bridge.remove_interface(self.channel, endpoint.host_interface)
        except OSError as error:
            raise bridge.problem(error, f"cannot disconnect container {endpoint.container_name}") from error
