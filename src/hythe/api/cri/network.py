"""The network of the pods: a bridge network of the engine's own, made when the first pod needs it.

Its subnet comes from the engine's pool until kubelet says another (UpdateRuntimeConfig, pod_cidr). A pod that is to be
on the host's network is on none. Kept out: services, and routes between nodes, which are others'.
"""

from __future__ import annotations

import asyncio
from typing import Final

from hythe.engine.networks import NetworkService
from hythe.errors import Conflict, NotFound
from hythe.network.model import NetworkRequest
from hythe.network.planning import HAIRPIN_OPTION

NAME: Final = "kubernetes-pods"
_OPTIONS: Final = {HAIRPIN_OPTION: "true"}
"""A pod reaches itself through the address of a service that leads to it."""


class PodNetwork:
    def __init__(self, networks: NetworkService) -> None:
        self._networks = networks
        self._lock = asyncio.Lock()

    async def ensure(self) -> None:
        """Make it where it is not there yet."""
        async with self._lock:
            try:
                self._networks.get(NAME)
            except NotFound:
                await self._networks.create(NetworkRequest(NAME, options=_OPTIONS))

    async def use(self, cidr: str) -> None:
        """Give it this subnet. Raises Conflict while pods have addresses of another one."""
        subnet = cidr.partition(",")[0]  # of two families the first
        async with self._lock:
            try:
                present = self._networks.get(NAME)
            except NotFound:
                present = None
            if present is not None:
                if present.subnet == subnet:
                    return
                if self._networks.endpoints(present.id):
                    raise Conflict(f"pods have addresses of {present.subnet}: they cannot get {subnet}")
                await self._networks.remove(NAME)
            await self._networks.create(NetworkRequest(NAME, subnet=subnet, options=_OPTIONS))
