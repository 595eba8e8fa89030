"""Which addresses are handed out, and in which order."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Network

import pytest

from hythe.errors import Conflict, InvalidArgument, NoSpace
from hythe.network.addresses import Addresses
from hythe.network.model import NetworkRecord
from hythe.network.pool import (
    AddressPool,
    base6,
    bases,
    check_overlap,
    free_subnet,
    free_subnet6,
    mac_of,
    parse_subnet,
)

POOL = IPv4Network("10.224.0.0/12")


def first(*taken: str) -> str:
    return str(next(bases(POOL, [IPv4Network(route) for route in taken])))


def test_the_first_range_that_no_route_uses() -> None:
    assert first() == "10.224.0.0/16"
    assert first("0.0.0.0/0") == "10.224.0.0/16"
    assert first("10.224.0.0/16", "10.225.7.0/24") == "10.226.0.0/16"


def test_inside_a_wider_route_is_the_second_choice() -> None:
    assert first("10.0.0.0/8") == "10.224.0.0/16"
    assert first("10.0.0.0/8", "10.224.3.0/24") == "10.225.0.0/16"
    assert first("10.224.0.0/13") == "10.232.0.0/16"
    assert list(bases(IPv4Network("10.9.0.0/24"), [IPv4Network("10.9.0.0/24")])) == []


def test_subnets() -> None:
    base = IPv4Network("10.224.0.0/16")
    assert str(free_subnet(base, [])) == "10.224.0.0/24"
    assert str(free_subnet(base, [IPv4Network("10.224.0.0/23")])) == "10.224.2.0/24"
    with pytest.raises(NoSpace):
        free_subnet(base, [base])
    with pytest.raises(Conflict, match="network web"):
        check_overlap(base, [(IPv4Network("10.224.9.0/24"), "network web")])
    for text in ("10.0.0.0/31", "10.0.0.1/24", "x", "fd00::/64"):
        with pytest.raises(InvalidArgument):
            parse_subnet(text)


def pool(subnet: str = "10.0.0.0/29", ip_range: str | None = None) -> AddressPool:
    return AddressPool(subnet, str(IPv4Network(subnet).network_address + 1), ip_range or "")


def test_both_families_are_given_out_together() -> None:
    addresses = Addresses(network("10.0.0.0/29", "fd00:1::/64"))
    assert addresses.take(None, None) == ("10.0.0.2", "fd00:1::2")
    assert addresses.take(None, "fd00:1::99") == ("10.0.0.3", "fd00:1::99")
    with pytest.raises(Conflict, match="fd00:1::99 is already in use"):
        addresses.take("10.0.0.4", "fd00:1::99")
    assert addresses.take("10.0.0.4", None) == ("10.0.0.4", "fd00:1::3")
    for wanted in ("fd00:1::1", "fd00:1::", "fd00:2::5", "10.0.0.5", "x"):
        with pytest.raises(InvalidArgument):
            addresses.take("10.0.0.5", wanted)
    addresses.give_back("10.0.0.4", "fd00:1::3")
    assert addresses.take("10.0.0.4", "fd00:1::3") == ("10.0.0.4", "fd00:1::3")
    with pytest.raises(InvalidArgument, match="has no IPv6"):
        Addresses(network("10.0.0.0/29", "")).take(None, "fd00:1::9")


def network(subnet: str, subnet6: str) -> NetworkRecord:
    gateway = str(IPv4Network(subnet).network_address + 1)
    gateway6 = str(IPv6Network(subnet6).network_address + 1) if subnet6 else ""
    return NetworkRecord(
        "n", "n", "bridge", 0, subnet=subnet, gateway=gateway, subnet6=subnet6, gateway6=gateway6
    )


def test_a_daemons_own_range_of_ipv6() -> None:
    one, other = base6("one"), base6("other")
    assert one == base6("one") != other and one.prefixlen == 48
    assert one.subnet_of(IPv6Network("fd00::/8")) and other.subnet_of(IPv6Network("fd00::/8"))
    first = free_subnet6(one, [])
    assert free_subnet6(one, [first, IPv6Network("2001:db8::/32")]) == IPv6Network(
        (first.network_address + (1 << 64), 64)
    )


def test_an_address_that_was_given_back_rests() -> None:
    own = pool()
    assert [str(own.take()) for _ in range(3)] == ["10.0.0.2", "10.0.0.3", "10.0.0.4"]
    own.give_back("10.0.0.2")
    assert [str(own.take()) for _ in range(3)] == ["10.0.0.5", "10.0.0.6", "10.0.0.2"]
    with pytest.raises(NoSpace):
        own.take()


def test_a_wanted_address() -> None:
    own = pool()
    assert str(own.take("10.0.0.4")) == "10.0.0.4"
    with pytest.raises(Conflict):
        own.take("10.0.0.4")
    for wanted in ("10.0.0.1", "10.0.0.0", "10.0.0.7", "10.0.1.2", "nonsense"):
        with pytest.raises(InvalidArgument):
            own.take(wanted)


def test_a_range_and_what_an_earlier_run_gave_out() -> None:
    own = pool("10.0.0.0/24", "10.0.0.64/30")
    own.hold("10.0.0.64")
    assert [str(own.take()) for _ in range(3)] == ["10.0.0.65", "10.0.0.66", "10.0.0.67"]
    with pytest.raises(NoSpace):
        own.take()
    assert str(own.take("10.0.0.9")) == "10.0.0.9"


def test_a_mac_follows_the_address_and_is_local() -> None:
    assert mac_of(IPv4Address("10.224.0.2")) == "02:68:0a:e0:00:02"
