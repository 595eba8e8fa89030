"""The part of the table that one Service port makes: chains, sets, and elements of the shared maps. Pure.

    services[ADDRESS . PROTOCOL . PORT]       --> svc/ID    the cluster's addresses
    services[EXTERNAL . PROTOCOL . PORT]      --> ext/ID    --> svc/ID, or loc/ID where traffic stays on this node
    services[LOAD BALANCER . PROTOCOL . PORT] --> lb/ID     lets some networks through --> ext/ID
    node_ports[PROTOCOL . PORT]               --> ext/ID

`svc/ID` is one rule: `dnat to numgen random mod N map { 0 : address . port, ... }`, whatever N is. With session
affinity each endpoint has a set of clients that forgets them after the timeout, and a chain of its own which notes
the client and translates. A port without endpoints is an element of `absent_services` or `absent_node_ports`: refused,
or dropped where there are some on other nodes that may not be used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from hythe.kube.proxy.services import Endpoint, ServicePort

MARK: Final = 0x4000
"""The bit of a packet's mark by which the postrouting hook knows what to masquerade; the field's usual one."""

Element = tuple[str, str]
"""(map, key)."""


@dataclass
class Rules:
    """`chains`: name -> its rules. `sets`: name -> timeout in seconds. `elements`: (map, key) -> value."""

    chains: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sets: dict[str, int] = field(default_factory=dict)
    elements: dict[Element, str] = field(default_factory=dict)

    def merge(self, other: Rules) -> None:
        self.chains.update(other.chains)
        self.sets.update(other.sets)
        self.elements.update(other.elements)


def rules_of(ports: Sequence[ServicePort]) -> Rules:
    """All that a Service needs in the table."""
    rules = Rules()
    for port in ports:
        rules.merge(_rules(port))
    return rules


def _rules(port: ServicePort) -> Rules:
    rules = Rules()
    inside = port.local_endpoints if port.internal_local else port.endpoints
    _balance(rules, port, f"svc/{port.id}", inside)
    for address in port.cluster:
        key = f"{address} . {port.protocol} . {port.port}"
        _lead(rules, port, "services", key, f"svc/{port.id}" if inside else "", bool(port.endpoints))
    if port.external or port.balanced or port.node_port:
        _from_outside(rules, port)
    return rules


def _from_outside(rules: Rules, port: ServicePort) -> None:
    outside = port.local_endpoints if port.external_local else port.endpoints
    entrance = f"ext/{port.id}" if outside else ""
    somewhere = bool(port.endpoints)
    if outside:
        rules.chains[entrance] = tuple(_entrance(rules, port))
    for address in port.external:
        _lead(rules, port, "services", f"{address} . {port.protocol} . {port.port}", entrance, somewhere)
    for address in port.balanced:
        key = f"{address} . {port.protocol} . {port.port}"
        _lead(rules, port, "services", key, _guarded(rules, port, entrance), somewhere)
    if port.node_port:
        key = f"{port.protocol} . {port.node_port}"
        _lead(rules, port, "node_ports", key, entrance, somewhere)


def _lead(rules: Rules, port: ServicePort, table: str, key: str, chain: str, somewhere: bool) -> None:
    """Have `key` lead to `chain`; without one it is refused, or dropped if endpoints are elsewhere."""
    if chain:
        rules.elements[table, key] = f"goto {chain}"
    else:
        rules.elements[f"absent_{table}", key] = "drop" if somewhere else "goto refuse"


def _entrance(rules: Rules, port: ServicePort) -> Iterator[str]:
    """Traffic from outside: what stays on this node keeps its source, all else must come back through it."""
    inside = f"svc/{port.id}"
    if not port.external_local:
        if port.internal_local:  # the cluster's own chain is restricted, this one is not
            inside = f"all/{port.id}"
            _balance(rules, port, inside, port.endpoints)
        yield "jump mark"
        yield f"goto {inside}"
        return
    own = f"loc/{port.id}"
    _balance(rules, port, own, port.local_endpoints)
    if not port.internal_local:  # pods and the node itself may use all endpoints, as inside the cluster
        yield f"ip saddr @pods goto {inside}"
        rules.chains[f"own/{port.id}"] = ("jump mark", f"goto {inside}")
        yield f"fib saddr type local goto own/{port.id}"
    yield f"goto {own}"


def _guarded(rules: Rules, port: ServicePort, entrance: str) -> str:
    """The chain before `entrance` that lets some networks through, if the Service names any."""
    if not port.sources or not entrance:
        return entrance
    name = f"lb/{port.id}"
    rules.chains[name] = (f"ip saddr {{ {', '.join(port.sources)} }} goto {entrance}", "drop")
    return name


def _balance(rules: Rules, port: ServicePort, chain: str, endpoints: Sequence[Endpoint]) -> None:
    """A chain that chooses one of `endpoints`; none without any."""
    if not endpoints:
        return
    if port.affinity:
        _balance_with_affinity(rules, port, chain, endpoints)
        return
    choices = ", ".join(f"{n} : {each.address} . {each.port}" for n, each in enumerate(endpoints))
    translate = (
        f"meta l4proto {port.protocol} dnat ip to numgen random mod {len(endpoints)} map {{ {choices} }}"
    )
    rules.chains[chain] = (translate,)


def _balance_with_affinity(
    rules: Rules, port: ServicePort, chain: str, endpoints: Sequence[Endpoint]
) -> None:
    known, choices = [], []
    for number, each in enumerate(endpoints):
        clients, way = f"aff/{port.id}/{each.address}_{each.port}", f"ep/{port.id}/{each.address}_{each.port}"
        rules.sets[clients] = port.affinity
        rules.chains[way] = (
            f"update @{clients} {{ ip saddr }}",
            f"meta l4proto {port.protocol} dnat ip to {each.address}:{each.port}",
        )
        known.append(f"ip saddr @{clients} goto {way}")
        choices.append(f"{number} : goto {way}")
    rules.chains[chain] = (*known, f"numgen random mod {len(choices)} vmap {{ {', '.join(choices)} }}")
