"""The proxy's table in the packet filter, and the commands that turn one state of it into another. Pure.

    packet from a pod or the network --> from_network \\                                 /--> pick/... (dnat)
    packet of the host's own         --> from_host     >-- translate --> services[...]   ---> outside/... (mark, dnat)
                                                                     --> node_ports[...] ---> node/... (mark, dnat)
    then, before it leaves:  forwarded, sent, received  refuse what leads to a Service without endpoints, and every
                                                        other address of the services' range
                             leaving                    masquerade where the answer must come back through this node

There is one table for each agent, `ip hythe_kube_INSTANCE`. The rules above never change; a Service adds elements to
the maps and at times chains of its own (`chains.py`), so that a packet costs a few lookups with one Service or ten
thousand.

What is masqueraded: what came in from outside by a node port, an external address or the host itself (marked), what
goes from one pod of this node to another (they share a bridge, on which the answer would not pass the host), and what
the host sends to a cluster address. All else keeps its source.

Why no `unreachable` route: the kernel looks a route up before the host's own packets can be translated. So the range
is routed to the loopback interface (`routing.py`), and refused here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from hythe.kube.proxy.chains import MARK, Lead, Place, Rules
from hythe.kube.proxy.services import PROTOCOLS

_Elements = dict[tuple[str, str], str]
"""(map, key) -> value."""

_KEY: Final = "ipv4_addr . inet_proto . inet_service"
_CLIENTS: Final = 65535

_BASE: Final = """
table ip {table} {{
  set pods {{ type ipv4_addr; flags interval; auto-merge; }}
  set own_pods {{ type ipv4_addr; flags interval; auto-merge; }}
  map services {{ type {key} : verdict; }}
  map node_ports {{ type inet_proto . inet_service : verdict; }}
{targets}
  map absent_services {{ type {key} : verdict; }}
  map absent_node_ports {{ type inet_proto . inet_service : verdict; }}

  chain to_masquerade {{ meta mark set meta mark or {mark}; }}
  chain refuse {{
    meta l4proto tcp reject with tcp reset
    reject with icmp type port-unreachable
  }}
  chain translate {{
    ip daddr . meta l4proto . th dport vmap @services
    fib daddr type local meta l4proto . th dport vmap @node_ports
  }}
  chain from_network {{ type nat hook prerouting priority dstnat; policy accept; jump translate; }}
  chain from_host {{ type nat hook output priority -100; policy accept; jump translate; }}

  chain absent {{
    ip daddr . meta l4proto . th dport vmap @absent_services
    ip daddr {services} goto refuse
    fib daddr type local meta l4proto . th dport vmap @absent_node_ports
  }}
  chain forwarded {{ type filter hook forward priority filter; policy accept; ct state new jump absent; }}
  chain sent {{ type filter hook output priority filter; policy accept; ct state new jump absent; }}
  chain received {{ type filter hook input priority filter; policy accept; ct state new jump absent; }}

  chain leaving {{
    type nat hook postrouting priority srcnat; policy accept;
    meta mark and {mark} == {mark} meta mark set meta mark xor {mark} masquerade
    ct status dnat ip saddr @own_pods ip daddr @own_pods masquerade
    ct status dnat ct original ip daddr {services} fib saddr type local masquerade
  }}
}}
"""

_TARGETS: Final = """\
  map {protocol}_targets {{
    typeof ip daddr . {protocol} dport . numgen random mod 65536 : ip daddr . {protocol} dport
  }}
  map {protocol}_node_targets {{ typeof {protocol} dport . numgen random mod 65536 : ip daddr . {protocol} dport; }}"""
"""One pair for each protocol: libnftables cannot read a map back whose port is of any protocol (1.0.6)."""


def table_name(instance: str) -> str:
    """The agent's table, in the family ip."""
    return f"hythe_kube_{instance}"


def install(table: str, services: str, rules: Rules, pods: Iterable[str], own: Iterable[str]) -> str:
    """Replace whatever is there by a table with all of this. `services` is the range of cluster addresses."""
    targets = "\n".join(_TARGETS.format(protocol=protocol) for protocol in PROTOCOLS)
    base = _BASE.format(table=table, key=_KEY, mark=hex(MARK), services=services, targets=targets)
    commands = [f"table ip {table}", f"delete table ip {table}", base]
    commands += networks(table, "pods", (), pods)
    commands += networks(table, "own_pods", (), own)
    commands += difference(table, Rules(), rules)
    return "\n".join(commands)


def uninstall(table: str) -> str:
    """Have it gone, whether or not it is there."""
    return f"table ip {table}\ndelete table ip {table}"


def networks(table: str, name: str, before: Iterable[str], after: Iterable[str]) -> list[str]:
    """Commands that change a set of networks."""
    old, new = set(before), set(after)
    commands = [f"delete element ip {table} {name} {{ {', '.join(sorted(old - new))} }}"] if old - new else []
    return commands + (
        [f"add element ip {table} {name} {{ {', '.join(sorted(new - old))} }}"] if new - old else []
    )


def difference(table: str, before: Rules, after: Rules, shared: Iterable[str] = ()) -> list[str]:
    """The commands of one transaction, in an order in which nothing is used before it is there or after it is gone.

    `shared`: chains of many Services that are there already. Chains are filled anew when their rules differ, which
    connections do not notice: what has been translated stays so.
    """
    there = set(shared) | set(before.shared)
    common = {name: rules for name, rules in after.shared.items() if name not in there}
    old, new = _elements(before.leads), _elements(after.leads)
    gone = {key: value for key, value in old.items() if new.get(key) != value}
    added = {key: value for key, value in new.items() if old.get(key) != value}
    return [
        *(
            f"add set ip {table} {name} {_clients(after.sets[name])}"
            for name in _new(before.sets, after.sets)
        ),
        *(f"add chain ip {table} {name}" for name in (*common, *_new(before.chains, after.chains))),
        *_filled(table, {}, common),
        *_filled(table, before.chains, after.chains),
        *_commands(table, "delete", gone),
        *_commands(table, "add", added),
        *(f"flush chain ip {table} {name}" for name in _new(after.chains, before.chains)),
        *(f"delete chain ip {table} {name}" for name in _new(after.chains, before.chains)),
        *(f"delete set ip {table} {name}" for name in _new(after.sets, before.sets)),
    ]


def _clients(seconds: int) -> str:
    return f"{{ type ipv4_addr; flags dynamic,timeout; timeout {seconds}s; size {_CLIENTS}; }}"


def _filled(
    table: str, before: Mapping[str, tuple[str, ...]], after: Mapping[str, tuple[str, ...]]
) -> Iterator[str]:
    for name, rules in after.items():
        known = before.get(name)
        if known == rules:
            continue
        if known is not None:
            yield f"flush chain ip {table} {name}"
        for rule in rules:
            yield f"add rule ip {table} {name} {rule}"


def _elements(leads: Mapping[Place, Lead]) -> _Elements:
    found: _Elements = {}
    for place, lead in leads.items():
        found[f"absent_{place.table}" if lead.absent else place.table, place.key] = lead.verdict
        for number, target in enumerate(lead.targets):
            found[place.target(number)] = target
    return found


def _commands(table: str, verb: str, elements: _Elements) -> Iterator[str]:
    """One command for each map, whatever the number of elements."""
    by_map: dict[str, list[str]] = {}
    for (name, key), value in elements.items():
        by_map.setdefault(name, []).append(f"{key} : {value}" if verb == "add" else key)
    for name, found in by_map.items():
        yield f"{verb} element ip {table} {name} {{ {', '.join(found)} }}"


def _new(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    return [name for name in after if name not in before]
