"""Publishing a container's ports: reserve, record, rewrite, all or nothing.

The order matters. Sockets first, since only they can say that a port is taken; they vanish by themselves with
the daemon. Then the record, then the packet filter: whatever a crash leaves is in the record. A new daemon's
table has the recorded ports from the first moment, so running containers stay reachable, and `restore` takes
the sockets again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import ExitStack

from hythe.base.sockets import Bind, bound
from hythe.errors import Conflict, HytheError
from hythe.kernel.netlink.flows import forget_udp
from hythe.network.datagrams import DatagramRelay
from hythe.network.firewall import Firewall
from hythe.network.model import EndpointRecord, PortBound, PortRequest, PublishedRecord
from hythe.network.ports import Reserved, check_request, reserve
from hythe.network.registry import Registry
from hythe.network.relay import Relay

_log = logging.getLogger(__name__)


class Publisher:
    """The published ports of all containers of one daemon.

    `bind`: takes ports of another network namespace, where no packet filter of ours rewrites what is sent to them:
    all of it is relayed.
    """

    def __init__(self, registry: Registry, firewall: Firewall, bind: Bind | None = None) -> None:
        self._registry, self._firewall, self._bind = registry, firewall, bind
        self._relay, self._datagrams = Relay(), DatagramRelay()
        self._reserved: dict[str, list[Reserved]] = {}

    def publish(self, endpoint: EndpointRecord, requests: Sequence[PortRequest]) -> list[PortBound]:
        """Publish ports of the container at `endpoint` in addition to those it has; returns the new ones."""
        for request in requests:
            check_request(request)
        id = endpoint.container_id
        before = self._registry.published.get(id)
        with ExitStack() as undo:
            reserved: list[Reserved] = []
            for request in dict.fromkeys(requests):
                one = self._reserve(request)
                undo.callback(one.close)
                reserved.append(one)
            bound = [one.bound for one in reserved]
            added = PublishedRecord(id, endpoint.container_name, endpoint.ipv4, bound)
            whole = PublishedRecord(
                id, added.container_name, added.ipv4, [*(before.ports if before else []), *bound]
            )
            undo.callback(self._record, id, before)
            self._record(id, whole)
            self._firewall.add_ports(added)
            undo.pop_all()
        _forget_flows(added)
        self._hold(added, reserved)
        return bound

    def unpublish(self, container_id: str) -> None:
        """Give back all ports of a container; that it has none is no error."""
        record = self._registry.published.get(container_id)
        if record is not None:
            self._firewall.remove_ports(record)
            _forget_flows(record)
        for one in self._reserved.pop(container_id, []):
            for held in one.sockets:
                if one.bound.protocol == "tcp":
                    self._relay.remove(held)
                else:
                    self._datagrams.remove(held)
        if record is not None:
            self._registry.delete_published(container_id)

    def restore(self, container_id: str) -> None:
        """Hold the ports of a container again that ran on while the daemon was away."""
        record = self._registry.published.get(container_id)
        if record is None or container_id in self._reserved:
            return
        reserved: list[Reserved] = []
        for port in record.ports:
            request = PortRequest(port.container_port, port.protocol, port.host_ip, port.host_port)
            try:
                reserved.append(self._reserve(request))
            except HytheError as error:
                # It stays rewritten in the kernel, so the container is still reached; only the hold is lost.
                _log.warning("port %s of container %s: %s", port.host_port, record.container_name, error)
        self._hold(record, reserved)

    def close(self) -> None:
        """Let go of all sockets; records and packet filter stay."""
        self._relay.close()
        self._datagrams.close()
        for reserved in self._reserved.values():
            for one in reserved:
                one.close()
        self._reserved.clear()

    def _record(self, container_id: str, record: PublishedRecord | None) -> None:
        if record is None:
            self._registry.delete_published(container_id)
        else:
            self._registry.put_published(record)

    def _hold(self, record: PublishedRecord, reserved: list[Reserved]) -> None:
        self._reserved.setdefault(record.container_id, []).extend(reserved)
        for one in reserved:
            for held in one.sockets:
                if one.bound.protocol == "tcp":
                    self._relay.add(held, (record.ipv4, one.bound.container_port))
                elif self._bind is not None:
                    self._datagrams.add(held, (record.ipv4, one.bound.container_port))

    def _reserve(self, request: PortRequest) -> Reserved:
        """`ports.reserve`, but a port that one of our own containers has is said to be that container's."""
        try:
            return reserve(request, self._bind or bound)
        except Conflict as error:
            owner = self._owner(request)
            if owner is None:
                raise
            where = f"{request.host_ip or '0.0.0.0'}:{request.host_port}"
            raise Conflict(
                f"Bind for {where} failed: port is already allocated by container {owner}", hint=error.hint
            ) from error

    def _owner(self, request: PortRequest) -> str | None:
        last = request.host_port_end or request.host_port
        for record in self._registry.published.values():
            for port in record.ports:
                if port.protocol == request.protocol and request.host_port <= port.host_port <= last:
                    return record.container_name
        return None


def _forget_flows(record: PublishedRecord) -> None:
    """Clients that go on sending to a UDP port are sent where it leads now, not where it led before."""
    ports = {port.host_port for port in record.ports if port.protocol == "udp"}
    if ports:
        try:
            forget_udp(ports)
        except OSError as error:
            _log.warning("udp ports of container %s: %s", record.container_name, error)
