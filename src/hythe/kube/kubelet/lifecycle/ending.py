"""Ending: one container, or all of a pod, with preStop hooks, within the grace period, sidecars last.

    preStop (counts against the grace) -> StopContainer(what is left, 2 s at least) -> ... -> StopPodSandbox

Sidecars end in the reverse of their order, each after all that started behind it: main containers first.
Source: killContainer and killContainersWithSyncResult of Kubernetes, KEP-753.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Sequence

from hythe.errors import HytheError
from hythe.kube.kubelet.cri.client import CriError
from hythe.kube.kubelet.cri.observed import ContainerRecord, Observed
from hythe.kube.kubelet.lifecycle.hooks import run_hook
from hythe.kube.kubelet.lifecycle.records import tell_of
from hythe.kube.kubelet.lifecycle.shared import Shared
from hythe.kube.kubelet.pods import names, parts
from hythe.kube.objects.types import Object

log = logging.getLogger("hythe.kubelet")

SHORTEST = 2


class Ender:
    """For one pod."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def pod(self, pod: Object, seen: Observed, grace: int) -> None:
        """All containers, then every sandbox. Raises CriError where something goes on running."""
        await self._containers(pod, seen, grace)
        await asyncio.gather(
            *(self._shared.runtime.stop_sandbox(sandbox.id) for sandbox in seen.sandboxes if sandbox.ready)
        )

    async def _containers(self, pod: Object, seen: Observed, grace: int) -> None:
        order = [one["name"] for one in parts.sidecars(pod)] if "spec" in pod else []
        ended = {name: asyncio.Event() for name in order}
        mains = asyncio.Event()
        deadline = time.monotonic() + grace

        async def main(record: ContainerRecord) -> None:
            await self.container(pod, record, seen, grace)

        async def sidecar(index: int) -> None:
            after = mains if index + 1 == len(order) else ended[order[index + 1]]
            await after.wait()
            left = max(1, round(deadline - time.monotonic()))
            try:
                for record in seen.running:
                    if record.name == order[index]:
                        await self.container(pod, record, seen, left)
            finally:
                ended[order[index]].set()

        async def all_mains() -> None:
            try:
                await asyncio.gather(*(main(one) for one in seen.running if one.name not in ended))
            finally:
                mains.set()

        await asyncio.gather(all_mains(), *(sidecar(index) for index in range(len(order))))

    async def container(
        self, pod: Object, record: ContainerRecord, seen: Observed, grace: int, message: str = ""
    ) -> None:
        """One container; `message` says why, when it is not the end of the pod. One that is gone is fine."""
        tell = tell_of(self._shared.recorder, pod, record.name)
        tell("Normal", "Killing", message or f"Stopping container {record.name}")
        grace = max(grace, 0)
        begun = time.monotonic()
        if grace and (handler := _pre_stop(pod, record)):
            await self._hook(pod, handler, record, seen, grace)
        left = max(round(grace - (time.monotonic() - begun)), min(grace, SHORTEST))
        try:
            await self._shared.runtime.stop_container(record.id, left)
        except CriError as error:
            if error.code != "NOT_FOUND":
                raise

    async def _hook(
        self, pod: Object, handler: Object, record: ContainerRecord, seen: Observed, grace: int
    ) -> None:
        one: Object = {"name": record.name, "ports": json.loads(record.annotations.get(names.PORTS, "[]"))}
        ips: Sequence[str] = seen.ips or self._shared.machine.ips
        hook = run_hook(self._shared.runtime, handler, one, record.id, ips)
        try:
            await asyncio.wait_for(hook, grace)
        except TimeoutError:
            log.info("preStop of %s in %s took longer than %d s", record.name, seen.name, grace)
        except HytheError as error:
            log.info("preStop of %s in %s: %s", record.name, seen.name, error)
            tell_of(self._shared.recorder, pod, record.name)(
                "Warning", "FailedPreStopHook", "PreStopHook failed"
            )

    async def clear(self, seen: Observed) -> None:
        """Remove what is left of a pod: containers, then sandboxes."""
        await asyncio.gather(
            *(self._shared.runtime.remove_container(record.id) for record in seen.containers)
        )
        for sandbox in seen.sandboxes:
            await self._shared.runtime.stop_sandbox(sandbox.id)
            await self._shared.runtime.remove_sandbox(sandbox.id)


def _pre_stop(pod: Object, record: ContainerRecord) -> Object | None:
    """Of the pod's object, or, where that is gone, of the container's annotation."""
    one = parts.container(pod, record.name) if "spec" in pod else None
    if one is not None:
        found: Object | None = (one.get("lifecycle") or {}).get("preStop")
        return found
    kept = record.annotations.get(names.PRE_STOP)
    before: Object = json.loads(kept) if kept else {}
    return (before.get("lifecycle") or {}).get("preStop")
