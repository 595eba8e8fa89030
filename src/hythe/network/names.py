"""Which names mean which containers, from one container's point of view.

A container sees the names on the networks it is on, and no others: its own view is the sum of its networks in
the order in which it was plugged in, and of its own links to containers there. Lookups come from the event loop
while endpoints change on another thread, so a change replaces a whole small dictionary and a lookup takes no lock.
Kept out: DNS (the answer here is addresses or names, `nameserver.py` makes packets of it).
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address
from typing import Protocol

from hythe.network.model import EndpointRecord, NetworkRecord

TYPE_A, TYPE_PTR = 1, 12
_REVERSE = ".in-addr.arpa"


@dataclass(frozen=True)
class Answer:
    """What is known of a name: `exists` false means that it is ours to answer and there is no such name."""

    addresses: tuple[IPv4Address, ...] = ()
    names: tuple[str, ...] = ()
    exists: bool = True


class Resolver(Protocol):
    """Answers for one container; None says that the name is somebody else's."""

    def lookup(self, container_id: str, name: str, kind: int) -> Answer | None: ...


class Directory:
    """The names of all endpoints of all networks."""

    def __init__(self) -> None:
        self._names: dict[str, dict[str, tuple[IPv4Address, ...]]] = {}
        self._reverse: dict[str, dict[IPv4Address, str]] = {}
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
        names: dict[str, tuple[IPv4Address, ...]] = {}
        reverse: dict[IPv4Address, str] = {}
        network = self._network_names.get(network_id, "")
        for endpoint in self._endpoints.get(network_id, {}).values():
            address = IPv4Address(endpoint.ipv4)
            reverse[address] = f"{endpoint.container_name}.{network}" if network else endpoint.container_name
            for name in dict.fromkeys(name.lower() for name in endpoint.names):
                names[name] = (*names.get(name, ()), address)
        self._names[network_id] = names
        self._reverse[network_id] = reverse

    def lookup(self, container_id: str, name: str, kind: int) -> Answer | None:
        """What `name` means to that container: names are alike in any case, with or without a final dot."""
        wanted = name.rstrip(".").lower()
        joined = self._memberships.get(container_id, ())
        if wanted.endswith(_REVERSE):
            return self._lookup_reverse(joined, wanted) if kind == TYPE_PTR else None
        for network_id in joined:
            known = self._names.get(network_id, {})
            bare = wanted.removesuffix("." + self._network_names.get(network_id, ""))
            own = self._endpoints.get(network_id, {}).get(container_id)
            linked = own.links.get(bare) if own is not None else None
            addresses = known.get(linked) if linked else known.get(wanted) or known.get(bare)
            if addresses:
                return Answer(addresses if kind == TYPE_A else ())
        return None

    def _lookup_reverse(self, joined: tuple[str, ...], wanted: str) -> Answer | None:
        labels = wanted.removesuffix(_REVERSE).split(".")
        try:
            address = ip_address(".".join(reversed(labels)))
        except ValueError:
            return None
        for network_id in joined:
            found = self._reverse.get(network_id, {}).get(IPv4Address(str(address)))
            if found is not None:
                return Answer(names=(found,))
        return None
