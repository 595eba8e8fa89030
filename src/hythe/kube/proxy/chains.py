"""The part of the table that one Service makes: leads from its places, and chains where those are needed. Pure.

A *place* is an address, protocol and port, or a node port; its *lead* says what becomes of packets for it:

    services[ADDRESS . tcp . 80] = goto pick/tcp/3     one of three targets:
    tcp_targets[ADDRESS . 80 . 0] = 10.240.0.2 . 8080        dnat to tcp_targets[place . random number below 3]
    tcp_targets[ADDRESS . 80 . 1] = ...

So endpoints are elements, and the chain `pick/tcp/3` is shared by all places with three: a change of endpoints is a few
elements, which the kernel takes in a fraction of a millisecond beside thousands of Services, where chains for each
Service would cost a hundred times as much. `outside/tcp/3` is the same for what must come back through this node, and
is marked for it; `node/tcp/3` and `kept/tcp/3` are those of node ports, marked and not.

What cannot be said like that has chains of its own, named after the Service port:

    svc/ID   session affinity: each endpoint has a set of clients (aff/ID/...) that forgets them after the timeout,
             and a chain (ep/ID/...) that notes the client and translates
    ext/ID   endpoints on this node only, for what comes from outside; pods and the host itself may use all
    lb/ID    lets some networks through to a load balancer's address

A place without endpoints is refused, or dropped where there are some on other nodes that may not be used; such leads
are elements of `absent_services` and `absent_node_ports`, which other hooks look at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from hythe.kube.proxy.services import Endpoint, ServicePort

MARK: Final = 0x4000
"""The bit of a packet's mark by which the postrouting hook knows what to masquerade; the field's usual one."""
_MASQUERADE: Final = "jump to_masquerade"


class Place(NamedTuple):
    """A key of one of the maps "services" and "node_ports"; `address` is "" in the latter."""

    table: str
    address: str
    protocol: str
    port: int

    @property
    def key(self) -> str:
        return f"{self.address} . {self.node_key}" if self.address else self.node_key

    @property
    def node_key(self) -> str:
        return f"{self.protocol} . {self.port}"

    def target(self, number: int) -> tuple[str, str]:
        """(map, key) of one of its targets."""
        if self.table == "node_ports":
            return f"{self.protocol}_node_targets", f"{self.port} . {number}"
        return f"{self.protocol}_targets", f"{self.address} . {self.port} . {number}"


class Lead(NamedTuple):
    """`verdict`: what the map has for the place. `targets`: "address . port", by number. `absent`: it leads nowhere."""

    verdict: str
    targets: tuple[str, ...] = ()
    absent: bool = False


@dataclass
class Rules:
    """`chains`: name -> its rules. `shared`: the same, of chains that others use too. `sets`: name -> seconds."""

    leads: dict[Place, Lead] = field(default_factory=dict)
    chains: dict[str, tuple[str, ...]] = field(default_factory=dict)
    shared: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sets: dict[str, int] = field(default_factory=dict)

    def merge(self, other: Rules) -> None:
        self.leads.update(other.leads)
        self.chains.update(other.chains)
        self.shared.update(other.shared)
        self.sets.update(other.sets)


def rules_of(ports: Sequence[ServicePort]) -> Rules:
    """All that a Service needs in the table."""
    rules = Rules()
    for port in ports:
        _inside(rules, port)
        _outside(rules, port)
    return rules


def _inside(rules: Rules, port: ServicePort) -> None:
    endpoints = port.local_endpoints if port.internal_local else port.endpoints
    for address in port.cluster:
        place = _place(port, address)
        if not endpoints:
            rules.leads[place] = _nowhere(port)
        elif port.affinity:
            rules.leads[place] = Lead(f"goto {_sticky(rules, port, 'svc', endpoints)}")
        else:
            rules.leads[place] = _shared(rules, port, "pick", endpoints)


def _outside(rules: Rules, port: ServicePort) -> None:
    endpoints = port.local_endpoints if port.external_local else port.endpoints
    places = [_place(port, address) for address in port.external]
    balanced = [_place(port, address) for address in port.balanced]
    if port.node_port:
        places.append(Place("node_ports", "", port.protocol, port.node_port))
    for place in (*places, *balanced):
        if not endpoints:
            rules.leads[place] = _nowhere(port)
        elif port.affinity or port.external_local:
            rules.leads[place] = Lead(f"goto {_entrance(rules, port, endpoints)}")
        else:
            rules.leads[place] = _shared(
                rules, port, "node" if place.table == "node_ports" else "outside", endpoints
            )
    if port.sources and endpoints:
        _guard(rules, port, balanced)


def _place(port: ServicePort, address: str) -> Place:
    return Place("services", address, port.protocol, port.port)


def _nowhere(port: ServicePort) -> Lead:
    return Lead("drop" if port.endpoints else "goto refuse", absent=True)


def _shared(rules: Rules, port: ServicePort, kind: str, endpoints: Sequence[Endpoint]) -> Lead:
    """A lead by one of the chains that all places with as many targets use."""
    number, protocol = len(endpoints), port.protocol
    key = f"{protocol} dport . numgen random mod {number}"
    if kind == "node":
        where = f"{key} map @{protocol}_node_targets"
    else:
        where = f"ip daddr . {key} map @{protocol}_targets"
    choose = f"meta l4proto {protocol} dnat ip to {where}"
    name = f"{kind}/{protocol}/{number}"
    rules.shared[name] = (choose,) if kind == "pick" else (_MASQUERADE, choose)
    return Lead(f"goto {name}", tuple(f"{each.address} . {each.port}" for each in endpoints))


def _entrance(rules: Rules, port: ServicePort, endpoints: Sequence[Endpoint]) -> str:
    """The Service's own chain for traffic from outside: what stays on this node keeps its source."""
    name = f"ext/{port.id}"
    if not port.external_local:
        rules.chains[name] = (_MASQUERADE, f"goto {_sticky(rules, port, 'svc', port.endpoints)}")
        return name
    own = f"loc/{port.id}"
    if port.affinity:
        _sticky(rules, port, "loc", endpoints)
    else:
        rules.chains[own] = (_choice(port, endpoints),)
    everywhere = f"all/{port.id}"
    rules.chains[everywhere] = (_choice(port, port.endpoints),)
    rules.chains[f"own/{port.id}"] = (_MASQUERADE, f"goto {everywhere}")
    rules.chains[name] = (
        f"ip saddr @pods goto {everywhere}",
        f"fib saddr type local goto own/{port.id}",
        f"goto {own}",
    )
    return name


def _choice(port: ServicePort, endpoints: Sequence[Endpoint]) -> str:
    choices = ", ".join(f"{number} : {each.address} . {each.port}" for number, each in enumerate(endpoints))
    return f"meta l4proto {port.protocol} dnat ip to numgen random mod {len(endpoints)} map {{ {choices} }}"


def _guard(rules: Rules, port: ServicePort, balanced: Sequence[Place]) -> None:
    """Have only some networks pass to the load balancer's addresses."""
    for number, place in enumerate(balanced):
        lead, name = rules.leads[place], f"lb/{port.id}/{number}"
        rules.chains[name] = (f"ip saddr {{ {', '.join(port.sources)} }} {lead.verdict}", "drop")
        rules.leads[place] = Lead(f"goto {name}", lead.targets)


def _sticky(rules: Rules, port: ServicePort, kind: str, endpoints: Sequence[Endpoint]) -> str:
    """A chain that sends a known client where it was sent before, and chooses for a new one."""
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
    name = f"{kind}/{port.id}"
    rules.chains[name] = (*known, f"numgen random mod {len(choices)} vmap {{ {', '.join(choices)} }}")
    return name
