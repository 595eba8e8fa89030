"""The zone: all records by name, changed one Service at a time.

Each Service's records are kept apart, so a change replaces only those, and two Services may add records to one name
(the reverse name of a pod that two headless ones lead to). A name that only has names below it exists too: asked for,
it gives no data rather than "no such name" (RFC 8020). Names of pods are worked out from their own text. All in lower
case, without the final dot. Kept out: messages (`answers.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address
from typing import Final

from hythe.kube.dns.records import TTL, records_of
from hythe.kube.objects.types import Object
from hythe.wire import dnsanswers as dns
from hythe.wire.dns import TYPE_A
from hythe.wire.dnsanswers import Owned

VERSION: Final = "1.1.0"
"""Of the specification, told by the TXT record of dns-version."""

Key = tuple[str, str]
"""(namespace, name) of a Service."""


class Zone:
    """The zone of one cluster, such as "cluster.local"."""

    def __init__(self, domain: str) -> None:
        self.domain = domain.rstrip(".").lower()
        self._services: dict[Key, list[Owned]] = {}
        self._names: dict[str, dict[Key, list[Owned]]] = {}
        self._below: dict[str, int] = {}
        server = f"ns.dns.{self.domain}"
        self.authority = dns.authority(self.domain, TTL, server, f"hostmaster.{self.domain}", 1)
        self._place(("", ""), self._apex(server))

    def _apex(self, server: str) -> list[Owned]:
        return [
            self.authority,
            dns.name_server(self.domain, TTL, server),
            dns.text(f"dns-version.{self.domain}", TTL, VERSION),
            Owned(f"pod.{self.domain}", 0, 0, b""),  # exists, as what is below it does
            Owned(f"svc.{self.domain}", 0, 0, b""),
        ]

    # ---- changes ----------------------------------------------------------------------------------

    def put(self, service: Object, slices: Iterable[Object]) -> None:
        """Have the records of this Service, and no others of it."""
        meta = service["metadata"]
        key = (meta["namespace"], meta["name"])
        records = records_of(service, slices, self.domain)
        if self._services.get(key) == records:
            return
        self.drop(key)
        self._place(key, records)

    def drop(self, key: Key) -> None:
        """Forget a Service; that it is unknown is no error."""
        for record in self._services.pop(key, ()):
            held = self._names[record.owner]
            if held.pop(key, None) is not None and not held:
                del self._names[record.owner]
                self._count(record.owner, -1)

    def _place(self, key: Key, records: list[Owned]) -> None:
        self._services[key] = records
        for record in records:
            held = self._names.get(record.owner)
            if held is None:
                held = self._names[record.owner] = {}
                self._count(record.owner, 1)
            held.setdefault(key, []).append(record)

    def _count(self, name: str, by: int) -> None:
        for parent in _parents(name):
            left = self._below.get(parent, 0) + by
            if left:
                self._below[parent] = left
            else:
                del self._below[parent]

    # ---- questions --------------------------------------------------------------------------------

    def covers(self, name: str) -> bool:
        """Whether `name` is ours to answer: in the zone, or the reverse of an address that we know."""
        return name == self.domain or name.endswith("." + self.domain) or name in self._names

    def exists(self, name: str) -> bool:
        return name in self._names or name in self._below or self._pod(name) is not None

    def records(self, name: str) -> list[Owned]:
        """Every record of `name`, of whatever type; [] as well for a name that exists without any."""
        pod = self._pod(name)
        if pod is not None:
            return [dns.address(name, TTL, pod)]
        return [record for held in self._names.get(name, {}).values() for record in held if record.kind]

    def addresses(self, name: str) -> list[Owned]:
        """For the additional section: the addresses of a service's target."""
        return [record for record in self.records(name) if record.kind in (TYPE_A, 28)]

    def _pod(self, name: str) -> IPv4Address | None:
        """The address in "a-b-c-d.NAMESPACE.pod.ZONE"."""
        bare = name.removesuffix(f".pod.{self.domain}")
        labels = bare.split(".")
        if bare == name or len(labels) != 2 or not labels[1]:
            return None
        try:
            return IPv4Address(labels[0].replace("-", "."))
        except ValueError:
            return None


def _parents(name: str) -> Iterator[str]:
    while "." in name:
        name = name.partition(".")[2]
        yield name
