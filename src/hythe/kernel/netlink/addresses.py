"""Addresses of interfaces (rtnetlink(7): RTM_NEWADDR, RTM_GETADDR)."""

from __future__ import annotations

import socket
import struct
from ipaddress import IPv4Address, IPv4Interface, IPv6Interface

from hythe.kernel.netlink.channel import Channel
from hythe.kernel.netlink.message import NLM_F_CREATE, NLM_F_EXCL, Request, attribute, attributes, u32

RTM_NEWADDR, RTM_GETADDR = 20, 22
_HEADER = struct.Struct("=BBBBI")
_ADDRESS, _LOCAL, _BROADCAST = 1, 2, 4
_LABEL, _CACHE_INFO, _FLAGS = 3, 6, 8
_IFA_F_NODAD, _IFA_F_PERMANENT = 0x02, 0x80
_RT_SCOPE_UNIVERSE = 0


def add(index: int, address: IPv4Interface | IPv6Interface) -> Request:
    """Give `address` to the interface of that index; the kernel adds the route to its subnet.

    One of IPv6 is there at once: it is not asked around whether another has it (RFC 4862, 5.4), which takes a second.
    """
    packed, last = address.ip.packed, address.network.broadcast_address.packed
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    body = (
        _HEADER.pack(family, address.network.prefixlen, 0, 0, index)
        + attribute(_LOCAL, packed)
        + attribute(_ADDRESS, packed)
        + (attribute(_BROADCAST, last) if address.version == 4 else u32(_FLAGS, _IFA_F_NODAD))
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


def permanent(channel: Channel, index: int) -> list[bytes]:
    """The addresses of every family that an interface is to keep: global ones without an end, for `again`."""
    request = Request(RTM_GETADDR, _HEADER.pack(socket.AF_UNSPEC, 0, 0, 0, 0), "list addresses")
    found = []
    for message in channel.dump(request):
        _family, _prefix, flags, scope, owner = _HEADER.unpack_from(message.body)
        if owner == index and flags & _IFA_F_PERMANENT and scope == _RT_SCOPE_UNIVERSE:
            found.append(message.body)
    return found


def again(index: int, body: bytes) -> Request:
    """Give the interface of that index an address out of `permanent`."""
    family, prefix, _flags, scope, _owner = _HEADER.unpack_from(body)
    kept = attributes(body, _HEADER.size)
    of_the_old = (_LABEL, _CACHE_INFO, _FLAGS)
    packed = b"".join(attribute(kind, payload) for kind, payload in kept.items() if kind not in of_the_old)
    header = _HEADER.pack(family, prefix, 0, scope, index)
    return Request(
        RTM_NEWADDR, header + packed, "give a moved interface its address", NLM_F_CREATE | NLM_F_EXCL
    )
