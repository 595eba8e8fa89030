"""Which addresses are free: a range for the daemon, a subnet for a network, an address for a container. Pure.

    10.224.0.0/12   the configurable pool, shared by every daemon on the host
      10.225.0.0/16   one daemon's base, claimed by its unreachable route
        10.225.3.0/24   one network: .1 the gateway, .2 ... .254 containers

Of IPv6 a daemon has a range that is unique by chance, as RFC 4193 has it, and a network a /64 of that.

Addresses are handed out in turn, not lowest first: the address of a container that has just gone rests as
long as possible, so that no stale connection, cache or retry reaches the wrong container.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeVar

from hythe.errors import Conflict, InvalidArgument, NoSpace

Network = TypeVar("Network", IPv4Network, IPv6Network)
DEFAULT_POOL = "10.224.0.0/12"
BASE_PREFIX = 16
SUBNET_PREFIX = 24
SUBNET6_PREFIX = 64
_UNIQUE_LOCAL = 0xFD << 120
_MAC = re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}")


def parse_subnet(text: str, what: str = "subnet") -> IPv4Network:
    """An IPv4 network; host bits must be zero and a gateway and a container must have room."""
    try:
        network = IPv4Network(text)
    except ValueError as error:
        raise InvalidArgument(
            f"invalid {what} {text!r}: {error}", hint="write such as 10.20.0.0/24"
        ) from error
    if network.prefixlen > 30:
        raise InvalidArgument(f"{what} {text} is too small", hint="use /30 or a shorter prefix")
    return network


def parse_address(text: str, what: str = "address", version: int = 4) -> IPv4Address | IPv6Address:
    try:
        return IPv4Address(text) if version == 4 else IPv6Address(text)
    except ValueError as error:
        raise InvalidArgument(f"invalid {what} {text!r}: {error}") from error


def parse_subnet6(text: str) -> IPv6Network:
    """As `parse_subnet`."""
    try:
        network = IPv6Network(text)
    except ValueError as error:
        raise InvalidArgument(
            f"invalid subnet {text!r}: {error}", hint="write such as fd00:20::/64"
        ) from error
    if network.prefixlen > 126:
        raise InvalidArgument(f"subnet {text} is too small", hint="use /126 or a shorter prefix")
    return network


def base6(instance: str) -> IPv6Network:
    """A daemon's range of unique local addresses (RFC 4193), a /48 made from the instance's name."""
    chosen = int.from_bytes(sha256(instance.encode()).digest()[:5])
    return IPv6Network((_UNIQUE_LOCAL | chosen << 80, 48))


def bases(pool: IPv4Network, taken: Iterable[IPv4Network]) -> Iterator[IPv4Network]:
    """The ranges of `pool` that a daemon may claim, best first.

    First those that overlap nothing in `taken` (the host's routes, default routes left out); then those that
    merely lie inside a wider route, such as a company's 10.0.0.0/8: longer prefixes win, so nothing else
    breaks.
    """
    candidates = [pool] if pool.prefixlen >= BASE_PREFIX else list(pool.subnets(new_prefix=BASE_PREFIX))
    known = [route for route in taken if route.prefixlen > 0]
    free = [base for base in candidates if not any(base.overlaps(route) for route in known)]
    yield from free
    for base in candidates:
        touching = [route for route in known if base.overlaps(route)]
        if touching and all(route.prefixlen < base.prefixlen for route in touching):
            yield base


def free_subnet6(base: IPv6Network, used: Iterable[IPv6Network]) -> IPv6Network:
    """The lowest /64 of `base` that overlaps none in `used`."""
    taken = list(used)
    for subnet in base.subnets(new_prefix=SUBNET6_PREFIX):
        if not any(subnet.overlaps(other) for other in taken):
            return subnet
    raise NoSpace(f"every subnet of {base} is in use", hint="remove networks: hythe network prune")


def free_subnet(base: IPv4Network, used: Iterable[IPv4Network]) -> IPv4Network:
    """The lowest subnet of `base` that overlaps none in `used`."""
    taken = list(used)
    prefix = max(SUBNET_PREFIX, base.prefixlen)
    for subnet in base.subnets(new_prefix=prefix):
        if not any(subnet.overlaps(other) for other in taken):
            return subnet
    raise NoSpace(f"every subnet of {base} is in use", hint="remove networks: hythe network prune")


def check_overlap(subnet: Network, used: Iterable[tuple[Network, str]]) -> None:
    """Raises Conflict when `subnet` overlaps one of `used`, each with words for what it belongs to."""
    for other, owner in used:
        if other.prefixlen > 0 and subnet.overlaps(other):
            raise Conflict(
                f"subnet {subnet} overlaps {other}, which belongs to {owner}", hint="choose another subnet"
            )


class AddressPool:
    """The addresses of one network, of IPv4 or IPv6."""

    def __init__(self, subnet: str, gateway: str, ip_range: str = "") -> None:
        self._subnet = ip_network(subnet)
        span = ip_network(ip_range) if ip_range else self._subnet
        self._first, self._last = int(span.network_address), int(span.broadcast_address)
        ends = (self._subnet.network_address, self._subnet.broadcast_address, ip_address(gateway))
        self._reserved = {int(each) for each in ends}
        self._used: set[int] = set()
        self._next = self._first

    def reserve(self, address: str) -> None:
        """Never give this one to a container."""
        self._reserved.add(int(ip_address(address)))

    def take(self, wanted: str | None = None) -> str:
        """A free address, or `wanted` itself if it is free and of this network."""
        if wanted:
            address = parse_address(wanted, version=self._subnet.version)
            if address not in self._subnet or int(address) in self._reserved:
                raise InvalidArgument(f"address {wanted} is not for containers of subnet {self._subnet}")
            if int(address) in self._used:
                raise Conflict(f"address {wanted} is already in use on subnet {self._subnet}")
            self._used.add(int(address))
            return str(address)
        size = self._last - self._first + 1
        for step in range(size):
            value = self._first + (self._next - self._first + step) % size
            if value not in self._used and value not in self._reserved:
                self._used.add(value)
                self._next = value + 1
                return str(self._subnet.network_address + (value - int(self._subnet.network_address)))
        raise NoSpace(f"no free address in subnet {self._subnet}", hint="use a larger subnet")

    def hold(self, address: str) -> None:
        """Mark an address of an earlier run as used."""
        value = int(ip_address(address))
        self._used.add(value)
        self._next = max(self._next, value + 1)

    def give_back(self, address: str) -> None:
        self._used.discard(int(ip_address(address)))


def checked_mac(mac: str | None) -> str | None:
    """The address of one card, in lower case with colons; None for none given. Raises InvalidArgument."""
    if not mac:
        return None
    value = mac.lower().replace("-", ":")
    if not _MAC.fullmatch(value) or int(value[:2], 16) & 1:
        raise InvalidArgument(f"invalid MAC address: {mac!r}", hint="six bytes such as 02:42:ac:11:00:02")
    return value


def mac_of(address: IPv4Address) -> str:
    """A locally administered MAC made from the address, so that ARP caches never hold a stale pair."""
    return (b"\x02\x68" + address.packed).hex(":")
