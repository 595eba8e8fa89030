"""Pods: run, stop, remove, look at. The engine does the work; what is undone when it fails is undone here."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec
from cri_api.v1 import api_pb2 as cri

from hythe.api.cri import filters
from hythe.api.cri.errors import AlreadyExists
from hythe.api.cri.names import pod_name
from hythe.api.cri.network import NAME, PodNetwork
from hythe.api.cri.records import Pod, Records
from hythe.api.cri.server import Handlers
from hythe.api.cri.translate.pod_spec import pod_spec
from hythe.api.cri.translate.pod_status import pod_item, pod_status
from hythe.engine import pause
from hythe.errors import Conflict, NotFound, NotModified
from hythe.oci.image import RunConfig

if TYPE_CHECKING:
    from hythe.api.cri.containers import Containers
    from hythe.engine.engine import Engine


class Pods:
    def __init__(self, engine: Engine, records: Records, network: PodNetwork, containers: Containers) -> None:
        self._engine, self._records, self._network = engine, records, network
        self._containers = containers
        self._image = asyncio.Lock()

    def handlers(self) -> Handlers:
        return {
            "RunPodSandbox": self.run,
            "StopPodSandbox": self.stop,
            "RemovePodSandbox": self.remove,
            "PodSandboxStatus": self.status,
            "ListPodSandbox": self.list,
        }

    async def run(self, request: cri.RunPodSandboxRequest) -> cri.RunPodSandboxResponse:
        """The answer comes when its namespaces and its network are there."""
        spec = pod_spec(request, NAME)
        await self._ensure_image()
        if spec.host.network_mode == NAME:
            await self._network.ensure()
        name = pod_name(request.config.metadata)
        try:
            id, _ = await self._engine.containers.create(name, spec)
        except Conflict as error:
            raise AlreadyExists(f'failed to reserve sandbox name "{name}": {error}') from error
        try:
            await self._engine.containers.start(id)
        except BaseException:
            with suppress(NotFound):
                await self._engine.containers.remove(id, force=True, volumes=True)
            raise
        return cri.RunPodSandboxResponse(pod_sandbox_id=id)

    async def _ensure_image(self) -> None:
        """Somebody may have removed it."""
        async with self._image:
            try:
                self._engine.images.get(pause.NAME)
            except NotFound:
                config = RunConfig(entrypoint=["/pause"])
                await self._engine.images.import_rootfs(
                    pause.archive(), pause.NAME, config=config, created=0, message="made by hythe"
                )

    async def stop(self, request: cri.StopPodSandboxRequest) -> cri.StopPodSandboxResponse:
        """End all that runs in it, and give back its network. One that is gone or has ended is no error."""
        pod = self._records.find(request.pod_sandbox_id)
        if isinstance(pod, Pod):
            await self._stop(pod)
        return cri.StopPodSandboxResponse()

    async def _stop(self, pod: Pod) -> None:
        members = self._records.of(pod.record.id)
        await asyncio.gather(*(self._containers.end(one) for one in members))
        with suppress(Conflict, NotFound, NotModified):
            await self._engine.containers.kill(pod.record.id, "SIGKILL")

    async def remove(self, request: cri.RemovePodSandboxRequest) -> cri.RemovePodSandboxResponse:
        """With all its containers. One that is gone is no error."""
        pod = self._records.find(request.pod_sandbox_id)
        if isinstance(pod, Pod):
            await self._stop(pod)
            members = self._records.of(pod.record.id)
            await asyncio.gather(*(self._containers.discard(one) for one in members))
            with suppress(NotFound):
                await self._engine.containers.remove(pod.record.id, force=True, volumes=True)
        return cri.RemovePodSandboxResponse()

    async def status(self, request: cri.PodSandboxStatusRequest) -> cri.PodSandboxStatusResponse:
        pod = self._records.pod(request.pod_sandbox_id)
        response = self.told(pod)
        if request.verbose:
            response.info["info"] = msgspec.json.encode(_info(pod)).decode()
        return response

    def told(self, pod: Pod) -> cri.PodSandboxStatusResponse:
        """Its status with those of its containers."""
        return cri.PodSandboxStatusResponse(
            status=pod_status(pod),
            containers_statuses=[self._containers.told(one) for one in self._records.of(pod.record.id)],
            timestamp=time.time_ns(),
        )

    async def list(self, request: cri.ListPodSandboxRequest) -> cri.ListPodSandboxResponse:
        found = filters.pods(self._records.pods(), request.filter)
        return cri.ListPodSandboxResponse(items=[pod_item(pod) for pod in found])


def _info(pod: Pod) -> dict[str, object]:
    """For people: what stands behind it."""
    state = pod.record.state
    return {
        "pid": state.pid,
        "processStatus": state.status,
        "name": pod.record.name,
        "image": pod.record.spec.image,
        "networks": {name: msgspec.to_builtins(end) for name, end in pod.record.endpoints.items()},
        "ports": [msgspec.to_builtins(port) for port in pod.record.published],
        "userNamespace": {"root": state.root_id, "host": state.host_users},
    }
