"""The network of one namespace as a whole, to be looked at: interfaces, addresses and routes, IPv4 and IPv6.

One dump each with the family AF_UNSPEC, which answers for both (rtnetlink(7)). The modules beside this one read
what the network layer needs to act; this one reads what a person wants to see.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from hythe.kernel.netlink import links
from hythe.kernel.netlink.addresses import RTM_GETADDR
from hythe.kernel.netlink.channel import Channel
from hythe.kernel.netlink.message import Message, Request, attributes
from hythe.kernel.netlink.routes import RTM_GETROUTE

_ADDRESS_HEADER: Final = struct.Struct("=BBBBI")
_ROUTE_HEADER: Final = struct.Struct("=BBBBBBBBI")
_ADDRESS, _LOCAL = 1, 2
_DST, _OIF, _GATEWAY, _PRIORITY, _ROUTE_TABLE = 1, 4, 5, 6, 15
_TABLE_MAIN: Final = 254
_KINDS: Final = {1: "unicast", 2: "local", 3: "broadcast", 6: "blackhole", 7: "unreachable", 8: "prohibit"}
_FAMILIES: Final = {socket.AF_INET: 4, socket.AF_INET6: 16}


@dataclass(frozen=True)
class RouteSeen:
    """`destination` is "default" or a prefix; `gateway` "" for what is on the link; `interface` an index or 0."""

    destination: str
    gateway: str
    interface: int
    metric: int
    kind: str


@dataclass(frozen=True)
class Network:
    """`addresses` by the index of their interface, with the prefix: "10.1.0.2/24"."""

    links: list[links.Link]
    addresses: dict[int, list[str]]
    routes: list[RouteSeen]


def look(channel: Channel) -> Network:
    """The namespace of `channel`; routes of the main table only."""
    addresses: dict[int, list[str]] = {}
    asked = Request(RTM_GETADDR, _ADDRESS_HEADER.pack(0, 0, 0, 0, 0), "list addresses")
    for message in channel.dump(asked):
        _family, prefix, _flags, _scope, index = _ADDRESS_HEADER.unpack_from(message.body)
        found = attributes(message.body, _ADDRESS_HEADER.size)
        packed = found.get(_LOCAL) or found.get(_ADDRESS)
        if packed:
            addresses.setdefault(index, []).append(f"{ip_address(packed)}/{prefix}")
    asked = Request(RTM_GETROUTE, _ROUTE_HEADER.pack(*[0] * 9), "list routes")
    seen = [_route(message) for message in channel.dump(asked)]
    return Network(links.dump(channel), addresses, [route for route in seen if route is not None])


def _route(message: Message) -> RouteSeen | None:
    family, prefix, _s, _tos, table, _p, _scope, kind, _f = _ROUTE_HEADER.unpack_from(message.body)
    found = attributes(message.body, _ROUTE_HEADER.size)
    number = _number(found.get(_ROUTE_TABLE)) or table
    if family not in _FAMILIES or number != _TABLE_MAIN:
        return None
    packed = found.get(_DST, bytes(_FAMILIES[family]))
    gateway = found.get(_GATEWAY)
    return RouteSeen(
        destination=f"{ip_address(packed)}/{prefix}" if prefix else "default",
        gateway=str(ip_address(gateway)) if gateway else "",
        interface=_number(found.get(_OIF)),
        metric=_number(found.get(_PRIORITY)),
        kind=_KINDS.get(kind, str(kind)),
    )


def _number(payload: bytes | None) -> int:
    return int(struct.unpack("=I", payload)[0]) if payload and len(payload) == 4 else 0
