"""The records of the network layer: in memory for reading, in the database before anything is done.

Reading takes no lock: the dictionaries are only ever changed by one operation at a time (the manager's lock),
and a copy of their values is one step of the interpreter. Kept out: anything that touches the kernel.
"""

from __future__ import annotations

from hythe.base.ids import short
from hythe.errors import InvalidArgument, NotFound
from hythe.network.model import EndpointRecord, NetworkRecord, PoolRecord, PublishedRecord
from hythe.store.database import Database

_BASE = "base"


class Registry:
    """Networks, endpoints, published ports and the claimed range."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._networks = database.collection("networks", NetworkRecord)
        self._endpoints = database.collection("network_endpoints", EndpointRecord)
        self._published = database.collection("published_ports", PublishedRecord)
        self._pool = database.collection("address_pool", PoolRecord)
        self.networks = self._networks.all()
        self.endpoints = self._endpoints.all()
        self.leaving: dict[str, EndpointRecord] = {}
        self.published = self._published.all()

    # ---- the claimed range --------------------------------------------------------------------

    def base(self) -> str | None:
        record = self._pool.get(_BASE)
        return record.base if record else None

    def put_base(self, base: str) -> None:
        self._pool.put(_BASE, PoolRecord(base))

    # ---- networks -----------------------------------------------------------------------------

    def find(self, ref: str) -> NetworkRecord:
        """By id, then by name, then by a prefix of the id that fits only one."""
        if ref in self.networks:
            return self.networks[ref]
        known = list(self.networks.values())
        for record in known:
            if record.name == ref:
                return record
        fitting = [record for record in known if ref and record.id.startswith(ref)]
        if len(fitting) > 1:
            raise InvalidArgument(f"network {ref} is ambiguous: {', '.join(short(r.id) for r in fitting)}")
        if not fitting:
            raise NotFound(f"network {ref} not found", hint="hythe network ls")
        return fitting[0]

    def put_network(self, record: NetworkRecord) -> None:
        self._networks.put(record.id, record)
        self.networks[record.id] = record

    def delete_network(self, id: str) -> None:
        self._networks.delete(id)
        self.networks.pop(id, None)

    # ---- endpoints ----------------------------------------------------------------------------

    def endpoints_on(self, network_id: str) -> list[EndpointRecord]:
        return [record for record in list(self.endpoints.values()) if record.network_id == network_id]

    def endpoints_of(self, container_id: str) -> list[EndpointRecord]:
        return [record for record in list(self.endpoints.values()) if record.container_id == container_id]

    def endpoint(self, network_id: str, container_id: str) -> EndpointRecord | None:
        return next((e for e in self.endpoints_of(container_id) if e.network_id == network_id), None)

    def put_endpoint(self, record: EndpointRecord) -> None:
        self._endpoints.put(record.id, record)
        self.endpoints[record.id] = record

    def leave(self, record: EndpointRecord) -> None:
        """Out of sight, but in the database and in `leaving` until its cable is known to be gone."""
        self.leaving[record.id] = record
        self.endpoints.pop(record.id, None)

    def delete_endpoint(self, id: str) -> None:
        self._endpoints.delete(id)
        self.endpoints.pop(id, None)
        self.leaving.pop(id, None)

    # ---- published ports ----------------------------------------------------------------------

    def put_published(self, record: PublishedRecord) -> None:
        self._published.put(record.container_id, record)
        self.published[record.container_id] = record

    def delete_published(self, container_id: str) -> None:
        self._published.delete(container_id)
        self.published.pop(container_id, None)
