"""Making the kernel forget connections (conntrack), which it must when a published UDP port changes hands.

Address translation is decided once per flow, and a UDP flow lasts as long as its client keeps sending:
without this, a client goes on being sent to the container that had the port before. The kernel filters the
listing by protocol and port (from 5.8 on; older ones list everything, so the answers are compared here as
well). `forget_misled` is for ports that lead to several places: only the flows that lead elsewhere go.
Source: linux/netfilter/nfnetlink_conntrack.h.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Collection, Iterable, Iterator, Mapping
from ipaddress import IPv4Address

from hythe.kernel.netlink.channel import NETLINK_NETFILTER, Channel
from hythe.kernel.netlink.message import Request, attribute, attributes, nested, u32

_GET, _DELETE = 0x101, 0x102  # subsystem 1 (conntrack), messages 1 and 2
_HEADER = struct.Struct(">BBH")
_TUPLE_ORIG, _TUPLE_REPLY, _ID, _FILTER = 1, 2, 12, 25
_TUPLE_IP, _TUPLE_PROTO = 1, 2
_IP_SOURCE, _IP_DESTINATION = 1, 2
_PROTO_NUMBER, _PROTO_SOURCE_PORT, _PROTO_DESTINATION_PORT = 1, 2, 3
_FILTER_ORIG_FLAGS = 1
_BY_PROTOCOL, _BY_DESTINATION_PORT = 1 << 3, 1 << 5


def forget_udp(ports: Iterable[int]) -> None:
    """Have IPv4 flows to these UDP destination ports, of this thread's namespace, decided anew."""
    with Channel(NETLINK_NETFILTER) as channel:
        for port in ports:
            for deletion in _deletions(channel, port):
                channel.send(deletion, ignore=(errno.ENOENT,))


def _deletions(channel: Channel, port: int) -> list[Request]:
    protocol = attribute(_PROTO_NUMBER, bytes((socket.IPPROTO_UDP,)))
    destination = attribute(_PROTO_DESTINATION_PORT, struct.pack(">H", port))
    body = (
        _HEADER.pack(socket.AF_INET, 0, 0)
        + nested(_TUPLE_ORIG, nested(_TUPLE_PROTO, protocol, destination))
        + nested(_FILTER, u32(_FILTER_ORIG_FLAGS, _BY_PROTOCOL | _BY_DESTINATION_PORT))
    )
    found: list[Request] = []
    for fields in _udp_flows(channel, body):
        if _end(fields, _TUPLE_ORIG, _IP_DESTINATION, _PROTO_DESTINATION_PORT)[1] == port:
            found.append(_deletion(fields, f"forget a flow to udp port {port}"))
    return found


Place = tuple[str, int]
"""(address, port)."""


def forget_misled(targets: Mapping[Place, Collection[Place]]) -> int:
    """Have IPv4 UDP flows to these places decided anew whose answers come from none of a place's targets.

    An address of "" stands for any. Gives the number of flows that were forgotten.
    """
    body = (
        _HEADER.pack(socket.AF_INET, 0, 0)
        + nested(_TUPLE_ORIG, nested(_TUPLE_PROTO, attribute(_PROTO_NUMBER, bytes((socket.IPPROTO_UDP,)))))
        + nested(_FILTER, u32(_FILTER_ORIG_FLAGS, _BY_PROTOCOL))
    )
    with Channel(NETLINK_NETFILTER) as channel:
        misled = [fields for fields in _udp_flows(channel, body) if _is_misled(fields, targets)]
        for fields in misled:
            channel.send(_deletion(fields, "forget a misled udp flow"), ignore=(errno.ENOENT,))
    return len(misled)


def _is_misled(fields: dict[int, bytes], targets: Mapping[Place, Collection[Place]]) -> bool:
    address, port = _end(fields, _TUPLE_ORIG, _IP_DESTINATION, _PROTO_DESTINATION_PORT)
    allowed = targets.get((address, port), targets.get(("", port)))
    return allowed is not None and _end(fields, _TUPLE_REPLY, _IP_SOURCE, _PROTO_SOURCE_PORT) not in allowed


def _udp_flows(channel: Channel, body: bytes) -> Iterator[dict[int, bytes]]:
    for message in channel.dump(Request(_GET, body, "list connections")):
        fields = attributes(message.body, _HEADER.size)
        proto = attributes(attributes(fields.get(_TUPLE_ORIG, b"")).get(_TUPLE_PROTO, b""))
        if proto.get(_PROTO_NUMBER) == bytes((socket.IPPROTO_UDP,)):
            yield fields


def _end(fields: dict[int, bytes], side: int, address: int, port: int) -> Place:
    """One end of a flow, as seen in one direction."""
    parts = attributes(fields.get(side, b""))
    place = attributes(parts.get(_TUPLE_IP, b"")).get(address, bytes(4))
    number = attributes(parts.get(_TUPLE_PROTO, b"")).get(port, bytes(2))
    return str(IPv4Address(place)), int.from_bytes(number, "big")


def _deletion(fields: dict[int, bytes], what: str) -> Request:
    original = nested(_TUPLE_ORIG, fields.get(_TUPLE_ORIG, b""))
    which = _HEADER.pack(socket.AF_INET, 0, 0) + original + attribute(_ID, fields.get(_ID, bytes(4)))
    return Request(_DELETE, which, what)
