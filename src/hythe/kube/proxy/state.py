"""What the table holds, Service by Service, and the one transaction that brings it to what it should hold. No I/O.

`changes` takes the Services that may have changed and gives the commands, and the UDP places whose flows have to be
looked at afterwards. What it gives counts as done: if the kernel refuses, `everything` says all of it anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from hythe.kube.proxy.chains import Place, Rules, rules_of
from hythe.kube.proxy.claims import Claims, Key
from hythe.kube.proxy.services import ServicePort
from hythe.kube.proxy.table import difference, install

UdpPlace = tuple[str, int]
"""(address, port); the address "" is any of the node's."""


class Change(NamedTuple):
    """`flows`: UDP places whose targets changed, with all their targets now. `refused`: (who, place, its owner)."""

    commands: list[str]
    flows: dict[UdpPlace, Collection[UdpPlace]]
    refused: list[tuple[Key, Place, Key]]


class State:
    """`look` gives the ports of a Service by its key, [] for one that is not there."""

    def __init__(self, table: str, look: Callable[[Key], list[ServicePort]]) -> None:
        self._table, self._look = table, look
        self._rules: dict[Key, Rules] = {}
        self._targets: dict[Key, dict[UdpPlace, Collection[UdpPlace]]] = {}
        self._claims = Claims()
        self._shared: set[str] = set()

    def changes(self, keys: Iterable[Key]) -> Change:
        change = Change([], {}, [])
        waiting = list(dict.fromkeys(keys))
        while waiting:
            waiting += self._change(waiting.pop(0), change)
        return change

    def _change(self, key: Key, change: Change) -> Collection[Key]:
        """Those who should look again, because this Service let go of something."""
        ports = self._look(key)
        rules = rules_of(ports)
        again, refused = self._claims.settle(key, rules)
        change.refused.extend((key, place, owner) for place, owner in refused)
        before = self._rules.get(key, Rules())
        change.commands.extend(difference(self._table, before, rules, self._shared))
        self._shared.update(rules.shared)
        self._note_flows(key, ports, change)
        if ports:
            self._rules[key] = rules
        else:
            self._rules.pop(key, None)
        return again

    def _note_flows(self, key: Key, ports: list[ServicePort], change: Change) -> None:
        targets = udp_targets(ports)
        before = self._targets.get(key, {})
        change.flows.update({place: () for place in before if place not in targets})
        change.flows.update({place: to for place, to in targets.items() if before.get(place) != to})
        self._targets[key] = targets
        if not targets:
            del self._targets[key]

    def everything(self, services: str, pods: Iterable[str], own: Iterable[str]) -> str:
        """The whole table, to be put in place of whatever is there."""
        whole = Rules()
        for rules in self._rules.values():
            whole.merge(rules)
        self._shared = set(whole.shared)
        return install(self._table, services, whole, pods, own)


def udp_targets(ports: Iterable[ServicePort]) -> dict[UdpPlace, Collection[UdpPlace]]:
    """Where UDP to each place of a Service may lead."""
    found: dict[UdpPlace, Collection[UdpPlace]] = {}
    for port in ports:
        if port.protocol != "udp":
            continue
        targets = frozenset((each.address, each.port) for each in port.endpoints + port.local_endpoints)
        for address in (*port.cluster, *port.external, *port.balanced):
            found[address, port.port] = targets
        if port.node_port:
            found["", port.node_port] = targets
    return found
