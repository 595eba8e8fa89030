"""Network interfaces: veth pairs, bridges, state, and what is there (rtnetlink(7), linux/if_link.h).

A container's pair is one message: the host's end is named, put on its bridge and set up, and the peer is
named and given its address inside the container's namespace, all in the same RTM_NEWLINK.
"""

from __future__ import annotations

import errno
import struct
from dataclasses import dataclass

from hythe.kernel.netlink.channel import Channel, NetlinkError
from hythe.kernel.netlink.message import (
    NLM_F_CREATE,
    NLM_F_EXCL,
    Message,
    Request,
    as_text,
    attribute,
    attributes,
    nested,
    text,
    u32,
)

RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK = 16, 17, 18
IFF_UP = 0x1
_INFO = struct.Struct("=BxHiII")

_ADDRESS, _IFNAME, _MTU, _LINK, _MASTER, _LINKINFO = 1, 3, 4, 5, 10, 18
_NET_NS_FD, _NUM_TX_QUEUES, _NUM_RX_QUEUES = 28, 31, 32
_INFO_KIND, _INFO_DATA, _INFO_SLAVE_KIND, _INFO_SLAVE_DATA = 1, 2, 4, 5
_BRPORT_MODE = 4
_VETH_PEER = 1


@dataclass(frozen=True)
class Link:
    """An interface as the kernel reports it; `master` is its bridge's index or 0, `kind` "" for hardware.

    `peer` is the index of what it hangs on (a veth's other end, a VLAN's device) in the namespace of that, or 0.
    """

    index: int
    name: str
    up: bool
    mtu: int
    master: int
    mac: str
    kind: str
    peer: int = 0


def _header(*, index: int = 0, up: bool | None = None) -> bytes:
    """An ifinfomsg; `up` None leaves the state alone."""
    flags = IFF_UP if up else 0
    return _INFO.pack(0, 0, index, flags, IFF_UP if up is not None else 0)


def _mac(value: str) -> bytes:
    return bytes.fromhex(value.replace(":", ""))


def add_bridge(name: str, *, mac: str, mtu: int) -> Request:
    """A bridge, down. A given `mac` stays, where the kernel's own choice would follow the ports."""
    body = (
        _header()
        + text(_IFNAME, name)
        + attribute(_ADDRESS, _mac(mac))
        + u32(_MTU, mtu)
        + nested(_LINKINFO, text(_INFO_KIND, "bridge"))
    )
    return Request(RTM_NEWLINK, body, f"add bridge {name}", NLM_F_CREATE | NLM_F_EXCL)


def add_veth(name: str, *, bridge: int, mtu: int, peer: str, peer_mac: str, namespace: int) -> Request:
    """A veth pair: `name` up on the bridge of that index, `peer` down in the namespace of that descriptor.

    The driver configures the peer before it has joined the two, so asking for it up fails with ENOTCONN.
    One queue each: the default is one per possible CPU, which costs memory for every idle container.
    """
    queues = u32(_NUM_TX_QUEUES, 1) + u32(_NUM_RX_QUEUES, 1)
    inner = (
        _header()
        + text(_IFNAME, peer)
        + attribute(_ADDRESS, _mac(peer_mac))
        + u32(_MTU, mtu)
        + u32(_NET_NS_FD, namespace)
        + queues
    )
    data = nested(_INFO_DATA, attribute(_VETH_PEER, inner))
    body = (
        _header(up=True)
        + text(_IFNAME, name)
        + u32(_MTU, mtu)
        + u32(_MASTER, bridge)
        + queues
        + nested(_LINKINFO, text(_INFO_KIND, "veth"), data)
    )
    return Request(RTM_NEWLINK, body, f"add interface {name}", NLM_F_CREATE | NLM_F_EXCL)


def set_hairpin(name: str) -> Request:
    """Let the bridge send frames back out of port `name` that came in there."""
    data = nested(_INFO_SLAVE_DATA, attribute(_BRPORT_MODE, b"\1"))
    body = _header() + text(_IFNAME, name) + nested(_LINKINFO, text(_INFO_SLAVE_KIND, "bridge"), data)
    return Request(RTM_NEWLINK, body, f"set hairpin mode of interface {name}")


def set_state(index: int, *, up: bool, name: str = "") -> Request:
    verb = "up" if up else "down"
    return Request(RTM_NEWLINK, _header(index=index, up=up), f"set interface {name or index} {verb}")


def move(index: int, name: str, namespace: int) -> Request:
    """Into the network namespace of a descriptor, under `name`, in which the kernel puts a number for "%d"."""
    body = _header(index=index) + text(_IFNAME, name) + u32(_NET_NS_FD, namespace)
    return Request(RTM_NEWLINK, body, f"move interface {index} to another namespace as {name}")


def delete(name: str) -> Request:
    return Request(RTM_DELLINK, _header() + text(_IFNAME, name), f"delete interface {name}")


def find(channel: Channel, name: str) -> Link | None:
    """The interface of that name, None if there is none."""
    request = Request(RTM_GETLINK, _header() + text(_IFNAME, name), f"look up interface {name}")
    try:
        return _parse(channel.ask(request))
    except NetlinkError as error:
        if error.errno == errno.ENODEV:
            return None
        raise


def dump(channel: Channel) -> list[Link]:
    return [_parse(message) for message in channel.dump(Request(RTM_GETLINK, _header(), "list interfaces"))]


def _parse(message: Message) -> Link:
    _family, _type, index, flags, _change = _INFO.unpack_from(message.body)
    found = attributes(message.body, _INFO.size)
    info = attributes(found.get(_LINKINFO, b""))
    return Link(
        index=index,
        name=as_text(found.get(_IFNAME, b"")),
        up=bool(flags & IFF_UP),
        mtu=_number(found.get(_MTU)),
        master=_number(found.get(_MASTER)),
        mac=found.get(_ADDRESS, b"").hex(":"),
        kind=as_text(info.get(_INFO_KIND, b"")),
        peer=_number(found.get(_LINK)),
    )


def _number(payload: bytes | None) -> int:
    return int(struct.unpack("=I", payload)[0]) if payload and len(payload) == 4 else 0
