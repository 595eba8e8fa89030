"""NodePorts: two pods cannot have the same port of the host."""

from __future__ import annotations

from hythe.kube.scheduler.plugins.contract import Check, Refusal, refused
from hythe.kube.scheduler.state import NodeInfo, PodInfo, State, ports_collide

_REASON = "node(s) didn't have free ports for the requested pod ports"


def prepare(pod: PodInfo, _state: State) -> Check | None:
    if not pod.ports:
        return None

    def check(node: NodeInfo) -> Refusal | None:
        taken = any(ports_collide(mine, other) for other in node.ports for mine in pod.ports)
        return refused(_REASON) if taken else None

    return check
