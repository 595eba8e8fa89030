"""Which names mean which containers, from one container's point of view.

A container sees the names on the networks it is on, and no others: its own view is the sum of its networks in
the order in which it was plugged in, and of its own links to containers there. Lookups come from the event loop
while endpoints change on another thread, so a change replaces a whole small dictionary and a lookup takes no lock.
Kept out: DNS (the answer here is addresses or names, `nameserver.py` makes packets of it).
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Protocol

from hythe.network.model import EndpointRecord, NetworkRecord

TYPE_A, TYPE_PTR, TYPE_AAAA = 1, 12, 28
_REVERSE, _REVERSE6 = ".in-addr.arpa", ".ip6.arpa"
_VERSIONS = {TYPE_A: 4, TYPE_AAAA: 6}

Address = IPv4Address | IPv6Address


@dataclass(frozen=True)
class Answer:
    """What is known of a name: `exists` false means that it is ours to answer and there is no such name."""

    addresses: tuple[Address, ...] = ()
    names: tuple[str, ...] = ()
    exists: bool = True


class Resolver(Protocol):
    """Answers for one container; None says that the name is somebody else's."""

    def lookup(self, container_id: str, name: str, kind: int) -> Answer | None: ...


class Directory:
    """The names of all endpoints of all networks."""

    def __init__(self) -> None:
        self._names: dict[str, dict[str, tuple[Address, ...]]] = {}
        self._reverse: dict[str, dict[Address, str]] = {}
        self._memberships: dict[str, tuple[str, ...]] = {}
        self._endpoints: dict[str, dict[str, EndpointRecord]] = {}
        self._network_names: dict[str, str] = {}

    def add(self, endpoint: EndpointRecord, network: NetworkRecord) -> None:
        members = self._endpoints.setdefault(network.id, {})
        members[endpoint.container_id] = endpoint
        self._network_names[network.id] = network.name.lower()
        joined = self._memberships.get(endpoint.container_id, ())
        if network.id not in joined:
            self._memberships[endpoint.container_id] = (*joined, network.id)
        self._rebuild(network.id)

    def remove(self, endpoint: EndpointRecord) -> None:
        self._endpoints.get(endpoint.network_id, {}).pop(endpoint.container_id, None)
        joined = self._memberships.get(endpoint.container_id, ())
        left = tuple(id for id in joined if id != endpoint.network_id)
        if left:
            self._memberships[endpoint.container_id] = left
        else:
            self._memberships.pop(endpoint.container_id, None)
        self._rebuild(endpoint.network_id)

    def _rebuild(self, network_id: str) -> None:
        names: dict[str, tuple[Address, ...]] = {}
        reverse: dict[Address, str] = {}
        network = self._network_names.get(network_id, "")
        for endpoint in self._endpoints.get(network_id, {}).values():
            addresses = [ip_address(each) for each in (endpoint.ipv4, endpoint.ipv6) if each]
            full = f"{endpoint.container_name}.{network}" if network else endpoint.container_name
            reverse |= dict.fromkeys(addresses, full)
            for name in dict.fromkeys(name.lower() for name in endpoint.names):
                names[name] = (*names.get(name, ()), *addresses)
        self._names[network_id] = names
        self._reverse[network_id] = reverse

    def lookup(self, container_id: str, name: str, kind: int) -> Answer | None:
        """What `name` means to that container: names are alike in any case, with or without a final dot."""
        wanted = name.rstrip(".").lower()
        joined = self._memberships.get(container_id, ())
        if wanted.endswith((_REVERSE, _REVERSE6)):
            return self._lookup_reverse(joined, wanted) if kind == TYPE_PTR else None
        for network_id in joined:
            known = self._names.get(network_id, {})
            bare = wanted.removesuffix("." + self._network_names.get(network_id, ""))
            own = self._endpoints.get(network_id, {}).get(container_id)
            linked = own.links.get(bare) if own is not None else None
            addresses = known.get(linked) if linked else known.get(wanted) or known.get(bare)
            if addresses:
                version = _VERSIONS.get(kind)
                return Answer(tuple(each for each in addresses if each.version == version))
        return None

    def _lookup_reverse(self, joined: tuple[str, ...], wanted: str) -> Answer | None:
        address = _pointed_at(wanted)
        if address is None:
            return None
        for network_id in joined:
            found = self._reverse.get(network_id, {}).get(address)
            if found is not None:
                return Answer(names=(found,))
        return None


def _pointed_at(name: str) -> Address | None:
    """The address in the name of a PTR record (RFC 1035, 3.5; RFC 3596, 2.5)."""
    try:
        if name.endswith(_REVERSE):
            return IPv4Address(".".join(reversed(name.removesuffix(_REVERSE).split("."))))
        digits = "".join(reversed(name.removesuffix(_REVERSE6).split(".")))
        return IPv6Address(":".join(digits[at : at + 4] for at in range(0, len(digits), 4)))
    except ValueError:
        return None
