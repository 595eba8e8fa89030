"""Packing and unpacking of netlink messages, with pyroute2 as the peer; no sockets."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from hypothesis import given
from hypothesis import strategies as st
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg  # type: ignore[import-untyped]
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg  # type: ignore[import-untyped]
from pyroute2.netlink.rtnl.rtmsg import rtmsg  # type: ignore[import-untyped]

from hythe.kernel.netlink import addresses, channel, links, routes
from hythe.kernel.netlink import message as ours

ACK = ours.NLM_F_REQUEST | ours.NLM_F_ACK


def test_a_veth_pair_is_one_message_as_pyroute2_reads_it() -> None:
    request = links.add_veth(
        "hvabcd1", bridge=7, mtu=1400, peer="eth0", peer_mac="02:68:0a:00:00:02", namespace=5
    )
    read = ifinfmsg(ours.pack(request, 9, ACK))
    read.decode()
    assert read["header"]["sequence_number"] == 9
    assert read["header"]["flags"] == ACK | ours.NLM_F_CREATE | ours.NLM_F_EXCL
    assert (read["flags"], read["change"]) == (1, 1)
    assert read.get_attr("IFLA_IFNAME") == "hvabcd1"
    assert (read.get_attr("IFLA_MASTER"), read.get_attr("IFLA_MTU")) == (7, 1400)
    info = read.get_attr("IFLA_LINKINFO")
    assert info.get_attr("IFLA_INFO_KIND") == "veth"
    peer = info.get_attr("IFLA_INFO_DATA").get_attr("VETH_INFO_PEER")
    assert peer.get_attr("IFLA_IFNAME") == "eth0"
    assert peer.get_attr("IFLA_ADDRESS") == "02:68:0a:00:00:02"
    assert peer.get_attr("IFLA_NET_NS_FD") in (5, "5")


def test_addresses_and_routes_as_pyroute2_reads_them() -> None:
    address = ifaddrmsg(ours.pack(addresses.add(3, IPv4Interface("10.1.2.3/24")), 1, ACK))
    address.decode()
    assert (address["index"], address["prefixlen"]) == (3, 24)
    assert address.get_attr("IFA_LOCAL") == "10.1.2.3"
    assert address.get_attr("IFA_BROADCAST") == "10.1.2.255"
    default = rtmsg(ours.pack(routes.add_default(IPv4Address("10.1.2.1"), 3), 1, ACK))
    default.decode()
    assert (default.get_attr("RTA_GATEWAY"), default.get_attr("RTA_OIF"), default["dst_len"]) == (
        "10.1.2.1",
        3,
        0,
    )
    blocked = rtmsg(ours.pack(routes.add_unreachable(IPv4Network("10.2.0.0/16"), 99), 1, ACK))
    blocked.decode()
    assert (blocked.get_attr("RTA_DST"), blocked["dst_len"], blocked["type"], blocked["proto"]) == (
        "10.2.0.0",
        16,
        7,
        99,
    )


def test_a_refusal_carries_the_kernels_words() -> None:
    words = ours.text(1, "Device is already enslaved")
    body = struct.pack("=i", -16) + bytes(16) + words
    flags = ours.NLM_F_ACK_TLVS | ours.NLM_F_CAPPED
    error = channel._refusal(ours.Message(ours.NLMSG_ERROR, flags, 1, body), "add x")
    assert error is not None
    assert (error.errno, error.detail) == (16, "Device is already enslaved")
    assert str(error).endswith("cannot add x: Device or resource busy (Device is already enslaved)")
    assert channel._refusal(ours.Message(ours.NLMSG_ERROR, 0, 1, bytes(20)), "add x") is None


@given(st.dictionaries(st.integers(1, 0x3FFF), st.binary(max_size=40), max_size=8))
def test_attributes_come_back_as_they_went(fields: dict[int, bytes]) -> None:
    packed = b"".join(ours.attribute(kind, payload) for kind, payload in fields.items())
    assert ours.attributes(packed) == fields


@given(st.binary(max_size=200))
def test_any_bytes_can_be_walked(data: bytes) -> None:
    ours.attributes(data)
    for message in ours.unpack(data):
        assert len(message.body) <= len(data)
