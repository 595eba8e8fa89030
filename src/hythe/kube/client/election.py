"""One leader among several servers, by a Lease that the leader renews.

Whoever finds the Lease free, or not renewed for its duration as seen on its own clock (clocks of others are not
trusted), writes its own name into it; the write is a compare-and-swap, so only one succeeds. A leader that cannot
renew within `renew_deadline` stops leading before another may begin. Numbers are client-go's: 15 s, 10 s, 2 s.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from hythe.errors import HytheError
from hythe.kube.client.cache import copied
from hythe.kube.client.client import Client
from hythe.kube.client.clock import Clock, SystemClock, micro_timestamp
from hythe.kube.client.resources import LEASES
from hythe.kube.objects.types import Object

_log = logging.getLogger(__name__)

_DURATION: Final = 15.0
_RENEW_DEADLINE: Final = 10.0
_RETRY: Final = 2.0


class Elector:
    """One candidate, `identity`, for the Lease `namespace`/`name`."""

    def __init__(
        self, client: Client, name: str, identity: str, *, namespace: str = "kube-system",
        clock: Clock | None = None,
    ) -> None:  # fmt: skip
        self._client, self._name, self._namespace, self._identity = client, name, namespace, identity
        self._clock = clock or SystemClock()
        self._seen: Object | None = None
        self._seen_at = 0.0

    async def lead(self, work: Callable[[], Awaitable[None]]) -> None:
        """Wait until elected, then run `work` while leading; returns when it ends or the lead is lost."""
        while not await self._try():
            await self._clock.sleep(_RETRY)
        task = asyncio.ensure_future(work())
        renewal = asyncio.create_task(self._renew())
        try:
            await asyncio.wait({task, renewal}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (task, renewal):
                each.cancel()
            await asyncio.gather(task, renewal, return_exceptions=True)
            await self._release()
        if task.done() and not task.cancelled():
            task.result()

    async def lead_whenever(self, work: Callable[[], Awaitable[None]]) -> None:
        """`lead`, again after each time that the lead was lost; until cancelled, or `work` fails or ends by itself."""
        ended = False

        async def once() -> None:
            nonlocal ended
            await work()
            ended = True

        while not ended:
            await self.lead(once)

    async def _renew(self) -> None:
        last = self._clock.monotonic()
        while self._clock.monotonic() - last < _RENEW_DEADLINE:
            await self._clock.sleep(_RETRY)
            if await self._try():
                last = self._clock.monotonic()
        _log.warning("%s lost the lead of %s", self._identity, self._name)

    async def _try(self) -> bool:
        """Take or renew the Lease."""
        try:
            async with asyncio.timeout(_RENEW_DEADLINE):
                return await self._take()
        except (HytheError, TimeoutError) as error:
            _log.debug("the lease %s: %s", self._name, error)
            return False

    async def _take(self) -> bool:
        try:
            lease = await self._client.get(LEASES, self._name, self._namespace)
        except HytheError as error:
            if getattr(error, "code", 0) != 404:
                raise
            self._look(await self._client.create(LEASES, self._written(None)))
            return True
        self._look(lease)
        if self._held_by_another(lease):
            return False
        self._look(await self._client.update(LEASES, self._written(lease)))
        return True

    def _look(self, lease: Object) -> None:
        if self._seen is None or self._seen.get("spec") != lease.get("spec"):
            self._seen, self._seen_at = lease, self._clock.monotonic()

    def _held_by_another(self, lease: Object) -> bool:
        spec = lease.get("spec") or {}
        holder = spec.get("holderIdentity")
        duration = float(spec.get("leaseDurationSeconds") or _DURATION)
        return holder not in (None, "", self._identity) and (
            self._clock.monotonic() - self._seen_at < duration
        )

    def _written(self, lease: Object | None) -> Object:
        now = micro_timestamp(self._clock.now())
        if lease is None:
            meta: Object = {"name": self._name, "namespace": self._namespace}
            lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta}
        lease = copied(lease)
        spec = dict(lease.get("spec") or {})
        if spec.get("holderIdentity") != self._identity:
            spec["acquireTime"] = now
            spec["leaseTransitions"] = int(spec.get("leaseTransitions", -1)) + 1
        spec |= {"holderIdentity": self._identity, "renewTime": now, "leaseDurationSeconds": int(_DURATION)}
        lease["spec"] = spec
        return lease

    async def _release(self) -> None:
        """Let another lead at once, if the Lease is still ours."""
        lease = copied(self._seen)
        if not lease or lease["spec"].get("holderIdentity") != self._identity:
            return
        lease["spec"] |= {"holderIdentity": "", "leaseDurationSeconds": 1}
        try:
            async with asyncio.timeout(_RETRY):
                await self._client.update(LEASES, lease)
        except (HytheError, TimeoutError) as error:
            _log.debug("the lease %s was not released: %s", self._name, error)
