"""How long each node has been silent, by this machine's clock. Pure but for that clock.

A node speaks by renewing its Lease, or by its status. What it writes is only compared with what it wrote before: the
clocks of nodes are not trusted.
"""

from __future__ import annotations

from typing import NamedTuple

from hythe.kube.client.clock import Clock
from hythe.kube.controllers.pods import condition
from hythe.kube.objects.types import Object


class _Heard(NamedTuple):
    renewed: str
    heartbeat: str
    at: float


class Silence:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heard: dict[str, _Heard] = {}

    def look(self, node: Object, lease: Object | None) -> float:
        """Seconds since the node was heard last; 0 for one that is new to us."""
        name = node["metadata"]["name"]
        renewed = str(((lease or {}).get("spec") or {}).get("renewTime", ""))
        heartbeat = str((condition(node, "Ready") or {}).get("lastHeartbeatTime", ""))
        known = self._heard.get(name)
        if known is None or (known.renewed, known.heartbeat) != (renewed, heartbeat):
            known = self._heard[name] = _Heard(renewed, heartbeat, self._clock.monotonic())
        return self._clock.monotonic() - known.at

    def forget(self, name: str) -> None:
        self._heard.pop(name, None)
