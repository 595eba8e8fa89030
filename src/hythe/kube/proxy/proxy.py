"""The proxy of one node: hears of Services and EndpointSlices, keeps the table as they say.

    informers -> dirty keys -> (as soon as the last transaction is done) one transaction -> UDP flows forgotten
    another program flushes the filter -> events -> the whole table again

Nothing is collected for a time: while one transaction runs, a few milliseconds in a thread, the next gathers. A
transaction that the kernel refuses is followed by the whole table. Kept out: what the table says (`state.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Network
from typing import Final

from hythe.errors import HytheError
from hythe.kernel.netlink.flows import forget_misled
from hythe.kernel.netlink.namespace import write_sysctl
from hythe.kernel.nftables import Nftables, NftablesError
from hythe.kube.client.informer import each
from hythe.kube.client.resources import ENDPOINT_SLICES, SERVICES
from hythe.kube.client.shared import SharedInformers
from hythe.kube.objects.types import Object
from hythe.kube.proxy import routing
from hythe.kube.proxy.claims import Key
from hythe.kube.proxy.services import ServicePort, ports_of
from hythe.kube.proxy.state import Change, State
from hythe.kube.proxy.table import table_name, uninstall
from hythe.kube.proxy.watch import TableWatch

_log = logging.getLogger(__name__)

SERVICE_NAME: Final = "kubernetes.io/service-name"
_INDEX: Final = "service"
_PAUSE: Final = 1.0
"""Seconds until the next attempt, when even the whole table was refused."""


class ServiceProxy:
    """`services`: the range of cluster addresses; `pods`: the ranges of all pods; `node`: this node's name."""

    def __init__(
        self,
        informers: SharedInformers,
        *,
        instance: str,
        node: str,
        services: IPv4Network,
        pods: Iterable[str],
    ) -> None:
        self._services = informers.of(SERVICES)
        self._slices = informers.of(ENDPOINT_SLICES, {_INDEX: _service_of})
        self._instance, self._node, self._range = instance, node, services
        self._pods = tuple(pods)
        self._own: tuple[str, ...] = ()
        self.table = table_name(instance)
        self._state = State(self.table, self._look)
        self._dirty: set[Key] = set()
        self._wake = asyncio.Event()
        self._whole = True
        self._installed = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "service-proxy")

    async def run(self) -> None:
        """Until cancelled. The table stays, so that services are reached while the agent is restarted."""
        loop = asyncio.get_running_loop()
        self._services.add_handler(each(self._service_changed))
        self._slices.add_handler(each(self._slice_changed))
        await self._services.synced()
        await self._slices.synced()
        filter_ = await loop.run_in_executor(self._thread, self._begin)

        def lost() -> None:
            loop.call_soon_threadsafe(self._lost)

        watch = TableWatch(self.table, lost)
        try:
            watch.start()
            while True:
                await self._round(filter_)
                await self._wake.wait()
                self._wake.clear()
        finally:
            watch.stop()
            await loop.run_in_executor(self._thread, filter_.close)
            self._thread.shutdown()

    async def ready(self) -> None:
        """Wait until the table is there with all Services known at the start."""
        await self._installed.wait()

    def set_own_pods(self, ranges: Iterable[str]) -> None:
        """The ranges of this node's pods; may change while it runs."""
        own = tuple(sorted(ranges))
        if own != self._own:
            self._own, self._whole = own, True
            self._wake.set()

    def _begin(self) -> Nftables:
        routing.claim(self._range, self._instance)
        write_sysctl("net/ipv4/ip_forward", "1")
        return Nftables()

    # ---- news -------------------------------------------------------------------------------------

    def _service_changed(self, service: Object) -> None:
        meta = service["metadata"]
        self._mark((meta["namespace"], meta["name"]))

    def _slice_changed(self, found: Object) -> None:
        for name in _service_of(found):
            namespace, _, service = name.partition("/")
            self._mark((namespace, service))

    def _mark(self, key: Key) -> None:
        self._dirty.add(key)
        self._wake.set()

    def _lost(self) -> None:
        _log.warning("table %s is not as it was left; putting it back", self.table)
        self._whole = True
        self._wake.set()

    def _look(self, key: Key) -> list[ServicePort]:
        name = "/".join(key)
        service = self._services.cache.get(name)
        if service is None:
            return []
        return ports_of(service, self._slices.cache.by(_INDEX, name), self._node)

    # ---- transactions -----------------------------------------------------------------------------

    async def _round(self, filter_: Nftables) -> None:
        """One transaction for all that changed."""
        dirty, self._dirty = self._dirty, set()
        whole, self._whole = self._whole, False
        change = self._state.changes(dirty)
        for key, place, owner in change.refused:
            _log.warning("service %s: %s belongs to service %s", "/".join(key), place.key, "/".join(owner))
        commands = self._everything() if whole else "\n".join(change.commands)
        if not commands and not change.flows:
            return
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, _apply, filter_, commands, change)
            self._installed.set()
        except (HytheError, OSError) as error:
            _log.error("table %s: %s", self.table, error)
            self._whole = True
            loop.call_later(_PAUSE if whole else 0, self._wake.set)

    def _everything(self) -> str:
        return self._state.everything(str(self._range), self._pods, self._own)


def _apply(filter_: Nftables, commands: str, change: Change) -> None:
    if commands:
        filter_.run(commands)
    if change.flows:
        forget_misled(change.flows)


def _service_of(found: Object) -> Iterable[str]:
    """An index of endpoint slices: NAMESPACE/SERVICE."""
    meta = found["metadata"]
    name = (meta.get("labels") or {}).get(SERVICE_NAME)
    return (f"{meta['namespace']}/{name}",) if name else ()


def remove(instance: str, services: IPv4Network) -> None:
    """Take the table and the route of an agent away that no longer runs; done already is no error."""
    filter_ = Nftables()
    try:
        with contextlib.suppress(NftablesError):
            filter_.run(uninstall(table_name(instance)))
    finally:
        filter_.close()
    routing.release(services, instance)
