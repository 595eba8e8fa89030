"""The containers of pods: create, start, stop, remove, look at, limit."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec
from cri_api.v1 import api_pb2 as cri

from hythe.api.cri import filters
from hythe.api.cri.errors import AlreadyExists
from hythe.api.cri.images import Images
from hythe.api.cri.names import container_name
from hythe.api.cri.records import Member, Records
from hythe.api.cri.server import Handlers
from hythe.api.cri.translate import container_status as told
from hythe.api.cri.translate.container_spec import container_spec
from hythe.api.cri.translate.resources import limits
from hythe.errors import Conflict, NotFound, NotModified

if TYPE_CHECKING:
    from hythe.engine.engine import Engine


class Containers:
    def __init__(self, engine: Engine, records: Records, images: Images) -> None:
        self._engine, self._records, self._images = engine, records, images

    def handlers(self) -> Handlers:
        return {
            "CreateContainer": self.create,
            "StartContainer": self.start,
            "StopContainer": self.stop,
            "RemoveContainer": self.remove,
            "ListContainers": self.list,
            "ContainerStatus": self.status,
            "UpdateContainerResources": self.update,
            "ReopenContainerLog": self.reopen_log,
        }

    async def create(self, request: cri.CreateContainerRequest) -> cri.CreateContainerResponse:
        pod = self._records.pod(request.pod_sandbox_id)
        if not pod.ready:
            raise Conflict(f'sandbox container "{pod.record.id}" is not running')
        config = request.config
        image = self._images.find(config.image)
        if image is None:
            raise NotFound(f'failed to resolve image "{config.image.image}": not found')
        spec = container_spec(request, pod, image.id, self._target(config, pod.record.id))
        name = container_name(config.metadata, pod.config.metadata)
        try:
            id, _ = await self._engine.containers.create(name, spec)
        except Conflict as error:
            raise AlreadyExists(f'failed to reserve container name "{name}": {error}') from error
        return cri.CreateContainerResponse(container_id=id)

    def _target(self, config: cri.ContainerConfig, pod_id: str) -> str:
        """The container whose processes another one is to see; "" where that was not asked for."""
        options = config.linux.security_context.namespace_options
        if options.pid != cri.TARGET:
            return ""
        target = self._records.container(options.target_id)
        if target.pod_id != pod_id:
            raise Conflict(f'invalid target container: container "{target.record.id}" is in another sandbox')
        if told.state(target.record.state) != cri.CONTAINER_RUNNING:
            raise Conflict(f'invalid target container: container "{target.record.id}" is not running')
        return target.record.id

    async def start(self, request: cri.StartContainerRequest) -> cri.StartContainerResponse:
        """Once: what has ended is made anew, not started again."""
        one = self._records.container(request.container_id)
        now = told.state(one.record.state)
        if now != cri.CONTAINER_CREATED:
            raise Conflict(f"container is in {cri.ContainerState.Name(now)} state")
        pod = self._records.find(one.pod_id)
        if pod is None or pod.record.state.status != "running":
            raise Conflict(f'sandbox container "{one.pod_id}" is not running')
        await self._engine.containers.start(one.record.id)
        return cri.StartContainerResponse()

    async def stop(self, request: cri.StopContainerRequest) -> cri.StopContainerResponse:
        """SIGKILL after `timeout` seconds. One that is gone or has ended is no error."""
        one = self._records.find(request.container_id)
        if isinstance(one, Member):
            with suppress(NotFound, NotModified):
                await self._engine.containers.stop(one.record.id, max(0, request.timeout))
        return cri.StopContainerResponse()

    async def end(self, one: Member) -> None:
        """At once, whatever it is doing."""
        with suppress(Conflict, NotFound, NotModified):
            await self._engine.containers.kill(one.record.id, "SIGKILL")

    async def remove(self, request: cri.RemoveContainerRequest) -> cri.RemoveContainerResponse:
        """Also one that runs. One that is gone is no error; its log stays, for it is not ours."""
        one = self._records.find(request.container_id)
        if isinstance(one, Member):
            await self.discard(one)
        return cri.RemoveContainerResponse()

    async def discard(self, one: Member) -> None:
        with suppress(NotFound):
            await self._engine.containers.remove(one.record.id, force=True, volumes=True)

    async def list(self, request: cri.ListContainersRequest) -> cri.ListContainersResponse:
        found = filters.containers(self._records.containers(), request.filter)
        items = [told.container_item(one, self._images.named(one)) for one in found]
        return cri.ListContainersResponse(containers=items)

    def told(self, one: Member) -> cri.ContainerStatus:
        return told.container_status(one, self._images.named(one))

    async def status(self, request: cri.ContainerStatusRequest) -> cri.ContainerStatusResponse:
        one = self._records.container(request.container_id)
        response = cri.ContainerStatusResponse(status=self.told(one))
        if request.verbose:
            response.info["info"] = msgspec.json.encode(_info(one)).decode()
        return response

    async def update(
        self, request: cri.UpdateContainerResourcesRequest
    ) -> cri.UpdateContainerResourcesResponse:
        """New limits; what is not given stays. One that has ended has none. Raises Conflict."""
        one = self._records.container(request.container_id)
        if told.state(one.record.state) == cri.CONTAINER_EXITED:
            raise Conflict("container is in CONTAINER_EXITED state")
        await self._engine.containers.update(one.record.id, limits(request.linux))
        return cri.UpdateContainerResourcesResponse()

    async def reopen_log(self, request: cri.ReopenContainerLogRequest) -> cri.ReopenContainerLogResponse:
        """Raises Conflict for one that does not run."""
        one = self._records.container(request.container_id)
        if told.state(one.record.state) != cri.CONTAINER_RUNNING:
            raise Conflict("container is not running")
        if one.record.spec.host.log.options.get("path"):
            await self._engine.containers.reopen_log(one.record.id)
        return cri.ReopenContainerLogResponse()


def _info(one: Member) -> dict[str, object]:
    """For people: what stands behind it."""
    record = one.record
    return {
        "sandboxID": one.pod_id,
        "pid": record.state.pid,
        "name": record.name,
        "args": record.args,
        "user": record.user,
        "workingDir": record.working_dir,
        "imageID": record.image_id,
        "mounts": [msgspec.to_builtins(mount) for mount in record.mounts],
        "privileged": record.spec.host.privileged,
        "userNamespace": {"root": record.state.root_id, "host": record.state.host_users},
    }
