"""Bridges on the host, and the cable from a bridge into a container: a veth pair.

    host                                          container
    hyAAAA0  10.225.0.1/24 (gateway)
      |-- hvAAAA1f3c...  <---- veth pair ---->  eth0  10.225.0.2/24, default via 10.225.0.1

A network without IPv6 has none on its bridge, so that containers cannot reach the host by link-local addresses past the
packet filter, and none on its containers' interfaces. With it both have an address of the network's beside the link's
own, which nobody is asked about and no router's word changes. Kept out: who gets which address, and records.
"""

from __future__ import annotations

import errno
import os
from contextlib import ExitStack
from ipaddress import IPv4Interface, IPv6Interface, ip_address

from hythe.errors import SystemProblem
from hythe.kernel.netlink import addresses, links, routes
from hythe.kernel.netlink.channel import Channel, NetlinkError
from hythe.kernel.netlink.message import Request
from hythe.kernel.netlink.namespace import inside, open_namespace, write_sysctl
from hythe.network.model import EndpointRecord, NetworkRecord
from hythe.network.pool import mac_of

_LOOPBACK = 1
_DEFAULT_MTU = 1500


def host_mtu(channel: Channel) -> int:
    """The MTU of the interface that the default route uses; 1500 where there is none."""
    defaults = [r for r in routes.dump(channel) if r.destination.prefixlen == 0 and r.output]
    if not defaults:
        return _DEFAULT_MTU
    best = min(defaults, key=lambda route: route.metric)
    return next((link.mtu for link in links.dump(channel) if link.index == best.output), _DEFAULT_MTU)


def make_bridge(channel: Channel, network: NetworkRecord, mtu: int) -> int:
    """The network's bridge, up, with the gateway's address; returns its index. Idempotent."""
    address = IPv4Interface(f"{network.gateway}/{network.subnet.partition('/')[2]}")
    with ExitStack() as undo:
        found = links.find(channel, network.bridge)
        if found is None:
            channel.send(links.add_bridge(network.bridge, mac=mac_of(address.ip), mtu=mtu))
            undo.callback(remove_interface, channel, network.bridge)
            found = links.find(channel, network.bridge)
        if found is None:
            raise SystemProblem(f"bridge {network.bridge} vanished while it was being made")
        _set_ipv6(network.bridge, on=network.enable_ipv6)
        # Lets packets from 127.0.0.1 be sent out to a container, and the answers in; the firewall guards it.
        write_sysctl(f"net/ipv4/conf/{network.bridge}/route_localnet", "1")
        channel.send(addresses.add(found.index, address), ignore=(errno.EEXIST,))
        if network.enable_ipv6:
            six = IPv6Interface(f"{network.gateway6}/{network.subnet6.partition('/')[2]}")
            channel.send(addresses.add(found.index, six), ignore=(errno.EEXIST,))
        channel.send(links.set_state(found.index, up=True, name=network.bridge))
        undo.pop_all()
    return found.index


def _set_ipv6(interface: str, *, on: bool) -> None:
    """Of an interface in this thread's namespace."""
    folder = f"net/ipv6/conf/{interface}"
    if on:
        write_sysctl(f"{folder}/accept_ra", "0")
        write_sysctl(f"{folder}/accept_dad", "0")
    write_sysctl(f"{folder}/disable_ipv6", "0" if on else "1", missing_ok=not on)


def remove_interface(channel: Channel, name: str) -> None:
    """Delete an interface; that it is not there is no error."""
    channel.send(links.delete(name), ignore=(errno.ENODEV,))


def plug(channel: Channel, endpoint: EndpointRecord, bridge: int, mtu: int) -> None:
    """Connect the container's namespace to a bridge (by index): pair, loopback, address, default route."""
    with ExitStack() as undo:
        namespace = open_namespace(endpoint.pid)
        undo.callback(os.close, namespace)
        with inside(namespace):
            # Before the interface exists, or it comes up with a link-local address.
            write_sysctl("net/ipv6/conf/default/disable_ipv6", "1", missing_ok=True)
            inner = Channel()
        undo.callback(inner.close)
        with ExitStack() as failed:
            failed.callback(remove_interface, channel, endpoint.host_interface)
            channel.send(
                links.add_veth(
                    endpoint.host_interface,
                    bridge=bridge,
                    mtu=mtu,
                    peer=endpoint.interface,
                    peer_mac=endpoint.mac,
                    namespace=namespace,
                )
            )
            if endpoint.ipv6:
                with inside(namespace):
                    _set_ipv6(endpoint.interface, on=True)
            _configure(inner, endpoint)
            failed.pop_all()


def allow_hairpin(channel: Channel, endpoint: EndpointRecord) -> None:
    """Let the container reach itself through an address of the host; see `firewall`. Only when it publishes:
    hairpin mode also returns a container's own broadcasts to it."""
    channel.send(links.set_hairpin(endpoint.host_interface))


def _configure(inner: Channel, endpoint: EndpointRecord) -> None:
    link = links.find(inner, endpoint.interface)
    if link is None:
        raise SystemProblem(f"interface {endpoint.interface} vanished from the container")
    requests = [
        links.set_state(_LOOPBACK, up=True, name="lo"),
        links.set_state(link.index, up=True, name=link.name),
        addresses.add(link.index, IPv4Interface(f"{endpoint.ipv4}/{endpoint.prefix}")),
        *(addresses.add(link.index, IPv4Interface(f"{more}/16")) for more in endpoint.link_local),
    ]
    if endpoint.ipv6:
        requests.append(addresses.add(link.index, IPv6Interface(f"{endpoint.ipv6}/{endpoint.prefix6}")))
    if endpoint.default_route:
        requests += _ways_out(endpoint, link.index)
    inner.send(*requests)


def _ways_out(endpoint: EndpointRecord, index: int) -> list[Request]:
    return [
        routes.add_default(ip_address(each), index) for each in (endpoint.gateway, endpoint.gateway6) if each
    ]


def loopback_up(pid: int) -> None:
    """Set loopback up in the namespace of `pid`: all the network that a container of network "none" has."""
    with _channel_inside(pid) as inner:
        inner.send(links.set_state(_LOOPBACK, up=True, name="lo"))


def add_default_route(endpoint: EndpointRecord) -> None:
    """Route by way of an endpoint's gateway, in a container that is running; done already is no error."""
    with _channel_inside(endpoint.pid) as inner:
        link = links.find(inner, endpoint.interface)
        if link is not None:
            inner.send(*_ways_out(endpoint, link.index), ignore=(errno.EEXIST,))


def _channel_inside(pid: int) -> Channel:
    namespace = open_namespace(pid)
    try:
        with inside(namespace):
            return Channel()
    finally:
        os.close(namespace)


def bridge_index(channel: Channel, network: NetworkRecord) -> int:
    link = links.find(channel, network.bridge)
    if link is None:
        raise SystemProblem(
            f"bridge {network.bridge} of network {network.name} is not there",
            hint="restart the daemon to mend it",
        )
    return link.index


def present(channel: Channel, prefix: str) -> set[str]:
    """Names of the host's interfaces that begin with `prefix`."""
    return {link.name for link in links.dump(channel) if link.name.startswith(prefix)}


def problem(error: OSError, what: str) -> SystemProblem:
    """A kernel's refusal in the words of hythe.errors."""
    hint = None
    if error.errno in (errno.ENOENT, errno.ESRCH):
        hint = "is the container's process gone?"
    elif error.errno == errno.EOPNOTSUPP:
        hint = "this kernel lacks what networks are made of: modprobe bridge veth"
    reason = str(error) if isinstance(error, NetlinkError) else error.strerror or str(error)
    return SystemProblem(f"{what}: {reason}", hint=hint)
