"""Making the kernel forget connections (conntrack), which it must when a published UDP port changes hands.

Address translation is decided once per flow, and a UDP flow lasts as long as its client keeps sending:
without this, a client goes on being sent to the container that had the port before. The kernel filters the
listing by protocol and port (from 5.8 on; older ones list everything, so the answers are compared here as
well). Source: linux/netfilter/nfnetlink_conntrack.h.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterable

from hythe.kernel.netlink.channel import NETLINK_NETFILTER, Channel
from hythe.kernel.netlink.message import Request, attribute, attributes, nested, u32

_GET, _DELETE = 0x101, 0x102  # subsystem 1 (conntrack), messages 1 and 2
_HEADER = struct.Struct(">BBH")
_TUPLE_ORIG, _ID, _FILTER = 1, 12, 25
_TUPLE_PROTO = 2
_PROTO_NUMBER, _PROTO_DESTINATION_PORT = 1, 3
_FILTER_ORIG_FLAGS = 1
_BY_PROTOCOL, _BY_DESTINATION_PORT = 1 << 3, 1 << 5


def forget_udp(ports: Iterable[int]) -> None:
    """Have IPv4 flows to these UDP destination ports, of this thread's namespace, decided anew."""
    with Channel(NETLINK_NETFILTER) as channel:
        for port in ports:
            for deletion in _deletions(channel, port):
                channel.send(deletion, ignore=(errno.ENOENT,))


def _deletions(channel: Channel, port: int) -> list[Request]:
    header = _HEADER.pack(socket.AF_INET, 0, 0)
    protocol = attribute(_PROTO_NUMBER, bytes((socket.IPPROTO_UDP,)))
    destination = attribute(_PROTO_DESTINATION_PORT, struct.pack(">H", port))
    body = (
        header
        + nested(_TUPLE_ORIG, nested(_TUPLE_PROTO, protocol, destination))
        + nested(_FILTER, u32(_FILTER_ORIG_FLAGS, _BY_PROTOCOL | _BY_DESTINATION_PORT))
    )
    found: list[Request] = []
    for message in channel.dump(Request(_GET, body, "list connections")):
        fields = attributes(message.body, _HEADER.size)
        original = fields.get(_TUPLE_ORIG, b"")
        proto = attributes(attributes(original).get(_TUPLE_PROTO, b""))
        if proto.get(_PROTO_NUMBER) == bytes((socket.IPPROTO_UDP,)) and proto.get(
            _PROTO_DESTINATION_PORT
        ) == struct.pack(">H", port):
            which = header + nested(_TUPLE_ORIG, original) + attribute(_ID, fields.get(_ID, bytes(4)))
            found.append(Request(_DELETE, which, f"forget a flow to udp port {port}"))
    return found
