"""Routes of IPv4 and IPv6: default, unreachable, by an interface, and what is there (rtnetlink(7), linux/rtnetlink.h).

`protocol` is the kernel's note of who made a route, one byte of free choice above 8; it does not take part in
comparing routes, so with NLM_F_EXCL a second claim of the same prefix fails whoever makes it.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from hythe.kernel.netlink.channel import Channel
from hythe.kernel.netlink.message import NLM_F_CREATE, NLM_F_EXCL, Request, attribute, attributes, u32

RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE = 24, 25, 26
PROTOCOL_STATIC = 4
_HEADER = struct.Struct("=BBBBBBBBI")
_DST, _OIF, _GATEWAY, _PRIORITY, _TABLE = 1, 4, 5, 6, 15
_MAIN, _LOCAL = 254, 255
_UNICAST, _UNREACHABLE = 1, 7
_SCOPE_LINK = 253


@dataclass(frozen=True)
class Route:
    """A route of the main table; `output` is an interface's index or 0 (unreachable, several hops)."""

    destination: IPv4Network
    output: int
    protocol: int
    metric: int
    unreachable: bool


def _header(version: int, prefix: int, protocol: int, kind: int) -> bytes:
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    return _HEADER.pack(family, prefix, 0, 0, _MAIN, protocol, 0, kind, 0)


def add_default(gateway: IPv4Address | IPv6Address, index: int) -> Request:
    header = _header(gateway.version, 0, PROTOCOL_STATIC, _UNICAST)
    body = header + attribute(_GATEWAY, gateway.packed) + u32(_OIF, index)
    return Request(RTM_NEWROUTE, body, f"add default route via {gateway}", NLM_F_CREATE | NLM_F_EXCL)


def add_unreachable(destination: IPv4Network | IPv6Network, protocol: int) -> Request:
    """Packets for `destination` that no longer prefix takes are refused here, not sent by the default."""
    body = _header(destination.version, destination.prefixlen, protocol, _UNREACHABLE)
    body += attribute(_DST, destination.network_address.packed)
    return Request(RTM_NEWROUTE, body, f"add unreachable route {destination}", NLM_F_CREATE | NLM_F_EXCL)


def delete_unreachable(destination: IPv4Network | IPv6Network, protocol: int) -> Request:
    body = _header(destination.version, destination.prefixlen, protocol, _UNREACHABLE)
    body += attribute(_DST, destination.network_address.packed)
    return Request(RTM_DELROUTE, body, f"delete unreachable route {destination}")


def add_link(destination: IPv4Network, index: int, protocol: int) -> Request:
    """Packets for `destination` leave by the interface of that index, without a gateway."""
    return Request(
        RTM_NEWROUTE,
        _link(destination, index, protocol),
        f"add route {destination} by interface {index}",
        NLM_F_CREATE | NLM_F_EXCL,
    )


def delete_link(destination: IPv4Network, index: int, protocol: int) -> Request:
    return Request(RTM_DELROUTE, _link(destination, index, protocol), f"delete route {destination}")


def _link(destination: IPv4Network, index: int, protocol: int) -> bytes:
    header = _HEADER.pack(
        socket.AF_INET, destination.prefixlen, 0, 0, _MAIN, protocol, _SCOPE_LINK, _UNICAST, 0
    )
    return header + attribute(_DST, destination.network_address.packed) + u32(_OIF, index)


def dump(channel: Channel) -> list[Route]:
    """IPv4's routes of every table but the local one."""
    request = Request(RTM_GETROUTE, _HEADER.pack(socket.AF_INET, *[0] * 8), "list routes")
    found: list[Route] = []
    for message in channel.dump(request):
        _family, prefix, _src, _tos, table, protocol, _scope, kind, _flags = _HEADER.unpack_from(message.body)
        if table == _LOCAL:
            continue
        fields = attributes(message.body, _HEADER.size)
        base = IPv4Address(fields.get(_DST, bytes(4)))
        output, metric = (struct.unpack("=I", fields.get(key, bytes(4)))[0] for key in (_OIF, _PRIORITY))
        found.append(Route(IPv4Network((base, prefix)), output, protocol, metric, kind == _UNREACHABLE))
    return found
