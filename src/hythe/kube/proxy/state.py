"""What the table holds, Service by Service, and the one transaction that brings it to what it should hold. No I/O.

`changes` takes the Services that may have changed and gives the commands, and the UDP places whose flows have to be
looked at afterwards. What it gives counts as done: if the kernel refuses, `everything` says all of it anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from hythe.kube.proxy.chains import Element, Rules, rules_of
from hythe.kube.proxy.claims import Claims, Key
from hythe.kube.proxy.services import ServicePort
from hythe.kube.proxy.table import difference, install

Place = tuple[str, int]
"""(address, port); the address "" is any of the node's."""


class Change(NamedTuple):
    """`flows`: UDP places whose targets changed, with all their targets now. `refused`: (element, its owner)."""

    commands: list[str]
    flows: dict[Place, Collection[Place]]
    refused: list[tuple[Key, Element, Key]]


class State:
    """`look` gives the ports of a Service by its key, [] for one that is not there."""

    def __init__(self, table: str, look: Callable[[Key], list[ServicePort]]) -> None:
        self._table, self._look = table, look
        self._rules: dict[Key, Rules] = {}
        self._targets: dict[Key, dict[Place, Collection[Place]]] = {}
        self._claims = Claims()

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
        change.refused.extend((key, element, owner) for element, owner in refused)
        change.commands.extend(difference(self._table, self._rules.get(key, Rules()), rules))
        targets = udp_targets(ports)
        before = self._targets.get(key, {})
        change.flows.update({place: () for place in before if place not in targets})
        change.flows.update({place: to for place, to in targets.items() if before.get(place) != to})
        if ports:
            self._rules[key], self._targets[key] = rules, targets
        else:
            self._rules.pop(key, None)
            self._targets.pop(key, None)
        return again

    def everything(self, services: str, pods: Iterable[str], own: Iterable[str]) -> str:
        """The whole table, to be put in place of whatever is there."""
        whole = Rules()
        for rules in self._rules.values():
            whole.merge(rules)
        return install(self._table, services, whole, pods, own)


def udp_targets(ports: Iterable[ServicePort]) -> dict[Place, Collection[Place]]:
    """Where UDP to each place of a Service may lead."""
    found: dict[Place, Collection[Place]] = {}
    for port in ports:
        if port.protocol != "udp":
            continue
        targets = frozenset((each.address, each.port) for each in port.endpoints + port.local_endpoints)
        for address in (*port.cluster, *port.external, *port.balanced):
            found[address, port.port] = targets
        if port.node_port:
            found["", port.node_port] = targets
    return found
