"""What containers and pods use: read when somebody asks, a few at a time.

Processor time is a total; how much of a processor that is follows from the reading before. What a container has written
is found by walking through its files, so that is looked up again only after some seconds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

from cri_api.v1 import api_pb2 as cri

from hythe.api.cri import filters
from hythe.api.cri.records import Member, Pod, Records
from hythe.api.cri.server import Handlers
from hythe.api.cri.translate import container_status, pod_status, usage
from hythe.engine.containers.usage import Sample
from hythe.errors import HytheError, NotFound

if TYPE_CHECKING:
    from hythe.engine.engine import Engine

T = TypeVar("T")
S = TypeVar("S")
AT_ONCE: Final = 8
FRESH_SECONDS: Final = 10.0


class Stats:
    def __init__(self, engine: Engine, records: Records) -> None:
        self._engine, self._records = engine, records
        self._before: dict[str, tuple[int, int]] = {}
        """(when, processor time) of the last reading."""
        self._written: dict[str, tuple[float, int]] = {}
        """(when, bytes) of the last look at its files."""
        self._gate = asyncio.Semaphore(AT_ONCE)

    def handlers(self) -> Handlers:
        return {
            "ContainerStats": self.container,
            "ListContainerStats": self.containers,
            "PodSandboxStats": self.pod,
            "ListPodSandboxStats": self.pods,
        }

    async def container(self, request: cri.ContainerStatsRequest) -> cri.ContainerStatsResponse:
        one = self._records.container(request.container_id)
        return cri.ContainerStatsResponse(stats=await self._of(one))

    async def containers(self, request: cri.ListContainerStatsRequest) -> cri.ListContainerStatsResponse:
        """Those that run, or would: what has ended uses nothing."""
        wanted = cri.ContainerFilter(
            id=request.filter.id,
            pod_sandbox_id=request.filter.pod_sandbox_id,
            label_selector=request.filter.label_selector,
        )
        self._forget()
        found = [
            one
            for one in filters.containers(self._records.containers(), wanted)
            if container_status.state(one.record.state) != cri.CONTAINER_EXITED
        ]
        return cri.ListContainerStatsResponse(stats=await self._each(found, self._of))

    async def pod(self, request: cri.PodSandboxStatsRequest) -> cri.PodSandboxStatsResponse:
        pod = self._records.pod(request.pod_sandbox_id)
        return cri.PodSandboxStatsResponse(stats=await self._of_pod(pod))

    async def pods(self, request: cri.ListPodSandboxStatsRequest) -> cri.ListPodSandboxStatsResponse:
        wanted = cri.PodSandboxFilter(id=request.filter.id, label_selector=request.filter.label_selector)
        self._forget()
        found = [pod for pod in filters.pods(self._records.pods(), wanted) if pod.ready]
        return cri.ListPodSandboxStatsResponse(stats=await self._each(found, self._of_pod))

    async def _each(self, found: Sequence[S], read: Callable[[S], Awaitable[T]]) -> list[T]:
        """What can be read; one that ends meanwhile is left out."""

        async def guarded(one: S) -> T | None:
            try:
                return await read(one)
            except (HytheError, OSError):
                return None

        results = await asyncio.gather(*map(guarded, found))
        return [one for one in results if one is not None]

    async def _sample(self, id: str) -> Sample:
        async with self._gate:
            return await self._engine.containers.stats(id)

    async def _of(self, one: Member) -> cri.ContainerStats:
        sample = await self._sample(one.record.id)
        now = sample.time or time.time_ns()
        return cri.ContainerStats(
            attributes=container_status.attributes(one),
            cpu=usage.cpu(now, sample.cpu_total, self._cores(one.record.id, now, sample.cpu_total)),
            memory=usage.memory(now, [sample]),
            writable_layer=await self._layer(one),
        )

    def _cores(self, id: str, now: int, total: int) -> int | None:
        before = self._before.get(id)
        self._before[id] = (now, total)
        if before is None or now <= before[0]:
            return None
        return max(0, total - before[1]) * 10**9 // (now - before[0])

    async def _layer(self, one: Member) -> cri.FilesystemUsage:
        store, id = self._engine.images.store.snapshots, one.record.id
        known = self._written.get(id)
        if known is None or time.monotonic() - known[0] > FRESH_SECONDS:
            async with self._gate:
                try:
                    size = await asyncio.to_thread(store.usage, one.record.snapshot)
                except NotFound:
                    size = 0
            known = self._written[id] = (time.monotonic(), size)
        place = str(self._engine.paths.data / "snapshots/containers")
        return cri.FilesystemUsage(
            timestamp=time.time_ns(),
            fs_id=cri.FilesystemIdentifier(mountpoint=place),
            used_bytes=usage.value(known[1]),
            inodes_used=usage.value(0),
        )

    async def _of_pod(self, pod: Pod) -> cri.PodSandboxStats:
        members = [one for one in self._records.of(pod.record.id) if one.record.state.status == "running"]
        own, *others = await asyncio.gather(
            self._sample(pod.record.id), *(self._sample(one.record.id) for one in members)
        )
        samples, now = [own, *others], time.time_ns()
        total = sum(one.cpu_total for one in samples)
        return cri.PodSandboxStats(
            attributes=pod_status.attributes(pod),
            linux=cri.LinuxPodSandboxStats(
                cpu=usage.cpu(now, total, self._cores(f"pod:{pod.record.id}", now, total)),
                memory=usage.memory(now, samples),
                network=usage.network(now, own.networks),
                process=cri.ProcessUsage(
                    timestamp=now, process_count=usage.value(sum(one.pids for one in samples))
                ),
                containers=await self._each(members, self._of),
            ),
        )

    def _forget(self) -> None:
        """What is kept of containers that are gone."""
        there = {one.record.id for one in self._records}
        for kept in (self._before, self._written):
            for id in [id for id in kept if id.removeprefix("pod:") not in there]:
                del kept[id]
