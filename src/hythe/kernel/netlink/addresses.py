"""IPv4 addresses of interfaces (rtnetlink(7): RTM_NEWADDR, RTM_GETADDR)."""

from __future__ import annotations

import socket
import struct
from ipaddress import IPv4Address, IPv4Interface

from hythe.kernel.netlink.channel import Channel
from hythe.kernel.netlink.message import NLM_F_CREATE, NLM_F_EXCL, Request, attribute, attributes

RTM_NEWADDR, RTM_GETADDR = 20, 22
_HEADER = struct.Struct("=BBBBI")
_ADDRESS, _LOCAL, _BROADCAST = 1, 2, 4


def add(index: int, address: IPv4Interface) -> Request:
    """Give `address` to the interface of that index; the kernel adds the route to its subnet."""
    packed = address.ip.packed
    body = (
        _HEADER.pack(socket.AF_INET, address.network.prefixlen, 0, 0, index)
        + attribute(_LOCAL, packed)
        + attribute(_ADDRESS, packed)
        + attribute(_BROADCAST, address.network.broadcast_address.packed)
    )
    return Request(RTM_NEWADDR, body, f"add address {address}", NLM_F_CREATE | NLM_F_EXCL)


def dump(channel: Channel) -> list[tuple[int, IPv4Interface]]:
    """Every (interface index, address) of the namespace."""
    request = Request(RTM_GETADDR, _HEADER.pack(socket.AF_INET, 0, 0, 0, 0), "list addresses")
    found: list[tuple[int, IPv4Interface]] = []
    for message in channel.dump(request):
        _family, prefix, _flags, _scope, index = _HEADER.unpack_from(message.body)
        packed = attributes(message.body, _HEADER.size).get(_LOCAL)
        if packed is not None and len(packed) == 4:
            found.append((index, IPv4Interface((IPv4Address(packed), prefix))))
    return found
