"""The runtime's calls: one method for each that a kubelet makes, over gRPC on a unix socket.

Messages are those of `container-runtime-interface-api`; what comes back as state is turned into values in `observed`.
One funnel, `_call`, turns a failed call into `CriError`, which keeps gRPC's code and the runtime's own text: that
text is what users read in events. Kept out: retries and any decision.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

import grpc
from cri_api.v1 import api_pb2 as cri
from cri_api.v1 import api_pb2_grpc as services

from hythe.errors import HytheError
from hythe.kube.kubelet.cri.observed import (
    ContainerRecord,
    SandboxRecord,
    container_record,
    sandbox_record,
)

LARGEST_MESSAGE = 16 * 1024 * 1024


class CriError(HytheError):
    """A call failed; `message` is the runtime's text, `code` the name of gRPC's status ("NOT_FOUND", ...)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    @property
    def full(self) -> str:
        """As Go's gRPC client shows it, which is how it stands in Kubernetes' events."""
        words = "".join(part.capitalize() for part in self.code.split("_"))
        return f"rpc error: code = {words} desc = {self.message}"


class ExecResult(NamedTuple):
    """What a short command in a container said, both streams, and its exit code."""

    code: int
    output: bytes


class Runtime:
    """A connection to the runtime at `address` ("unix:///run/x.sock"). Close it after use."""

    def __init__(self, address: str, timeout: float = 120.0) -> None:
        options = [
            ("grpc.max_receive_message_length", LARGEST_MESSAGE),
            ("grpc.default_authority", "localhost"),
            ("grpc.max_reconnect_backoff_ms", 1000),
            ("grpc.initial_reconnect_backoff_ms", 100),
        ]
        self._channel = grpc.aio.insecure_channel(address, options=options)
        self._runtime: Any = services.RuntimeServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self._images: Any = services.ImageServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self._timeout = timeout

    async def close(self) -> None:
        await self._channel.close(None)

    async def _call(self, method: Any, request: Any, timeout: float | None = 0.0) -> Any:
        try:
            return await method(request, timeout=self._timeout if timeout == 0.0 else timeout)
        except grpc.aio.AioRpcError as error:
            raise CriError(error.code().name, error.details() or "") from error

    async def version(self) -> cri.VersionResponse:
        return cast(cri.VersionResponse, await self._call(self._runtime.Version, cri.VersionRequest()))

    async def conditions(self) -> list[cri.RuntimeCondition]:
        """RuntimeReady, NetworkReady."""
        answer = await self._call(self._runtime.Status, cri.StatusRequest())
        return list(answer.status.conditions)

    async def set_pod_cidr(self, cidr: str) -> None:
        config = cri.RuntimeConfig(network_config=cri.NetworkConfig(pod_cidr=cidr))
        await self._call(
            self._runtime.UpdateRuntimeConfig, cri.UpdateRuntimeConfigRequest(runtime_config=config)
        )

    # Sandboxes

    async def run_sandbox(self, config: cri.PodSandboxConfig, handler: str = "") -> str:
        """Its id."""
        request = cri.RunPodSandboxRequest(config=config, runtime_handler=handler)
        return str((await self._call(self._runtime.RunPodSandbox, request, 2 * self._timeout)).pod_sandbox_id)

    async def stop_sandbox(self, sandbox: str) -> None:
        await self._call(self._runtime.StopPodSandbox, cri.StopPodSandboxRequest(pod_sandbox_id=sandbox))

    async def remove_sandbox(self, sandbox: str) -> None:
        await self._call(self._runtime.RemovePodSandbox, cri.RemovePodSandboxRequest(pod_sandbox_id=sandbox))

    async def sandbox_status(self, sandbox: str) -> SandboxRecord:
        request = cri.PodSandboxStatusRequest(pod_sandbox_id=sandbox)
        return sandbox_record((await self._call(self._runtime.PodSandboxStatus, request)).status)

    async def list_sandboxes(self, labels: Mapping[str, str] | None = None) -> list[cri.PodSandbox]:
        chosen = cri.PodSandboxFilter(label_selector=dict(labels or {}))
        answer = await self._call(self._runtime.ListPodSandbox, cri.ListPodSandboxRequest(filter=chosen))
        return list(answer.items)

    # Containers

    async def create_container(
        self, sandbox: str, config: cri.ContainerConfig, sandbox_config: cri.PodSandboxConfig
    ) -> str:
        """Its id."""
        request = cri.CreateContainerRequest(
            pod_sandbox_id=sandbox, config=config, sandbox_config=sandbox_config
        )
        return str((await self._call(self._runtime.CreateContainer, request)).container_id)

    async def start_container(self, container: str) -> None:
        await self._call(self._runtime.StartContainer, cri.StartContainerRequest(container_id=container))

    async def stop_container(self, container: str, grace: int) -> None:
        """TERM, then KILL after `grace` seconds; returns when it has ended."""
        request = cri.StopContainerRequest(container_id=container, timeout=grace)
        await self._call(self._runtime.StopContainer, request, self._timeout + grace)

    async def remove_container(self, container: str) -> None:
        await self._call(self._runtime.RemoveContainer, cri.RemoveContainerRequest(container_id=container))

    async def reopen_log(self, container: str) -> None:
        """Write on in a new file of the same name."""
        await self._call(
            self._runtime.ReopenContainerLog, cri.ReopenContainerLogRequest(container_id=container)
        )

    async def container_status(self, container: str, sandbox: str) -> ContainerRecord:
        """`sandbox` is the one it is in: lists say so, this answer does not."""
        request = cri.ContainerStatusRequest(container_id=container)
        return container_record((await self._call(self._runtime.ContainerStatus, request)).status, sandbox)

    async def list_containers(self, labels: Mapping[str, str] | None = None) -> list[cri.Container]:
        chosen = cri.ContainerFilter(label_selector=dict(labels or {}))
        answer = await self._call(self._runtime.ListContainers, cri.ListContainersRequest(filter=chosen))
        return list(answer.containers)

    async def container_stats(self) -> list[cri.ContainerStats]:
        answer = await self._call(self._runtime.ListContainerStats, cri.ListContainerStatsRequest())
        return list(answer.stats)

    async def events(self) -> AsyncIterator[cri.ContainerEventResponse]:
        """Everything that happens to containers from now on. CriError UNIMPLEMENTED where that is not served."""
        try:
            async for event in self._runtime.GetContainerEvents(cri.GetEventsRequest()):
                yield event
        except grpc.aio.AioRpcError as error:
            raise CriError(error.code().name, error.details() or "") from error

    async def exec_sync(self, container: str, command: Sequence[str], timeout: float) -> ExecResult:
        """Run a short command. CriError DEADLINE_EXCEEDED, or UNKNOWN with "timed out", when it takes longer."""
        request = cri.ExecSyncRequest(container_id=container, cmd=command, timeout=max(1, int(timeout)))
        answer = await self._call(self._runtime.ExecSync, request, max(1.0, timeout) + 5)
        return ExecResult(answer.exit_code, bytes(answer.stdout) + bytes(answer.stderr))

    async def exec_url(self, request: cri.ExecRequest) -> str:
        return str((await self._call(self._runtime.Exec, request)).url)

    async def attach_url(self, request: cri.AttachRequest) -> str:
        return str((await self._call(self._runtime.Attach, request)).url)

    async def port_forward_url(self, sandbox: str, ports: Sequence[int]) -> str:
        request = cri.PortForwardRequest(pod_sandbox_id=sandbox, port=ports)
        return str((await self._call(self._runtime.PortForward, request)).url)

    # Images

    async def image(self, name: str) -> cri.Image | None:
        """None where it is not present."""
        answer = await self._call(
            self._images.ImageStatus, cri.ImageStatusRequest(image=cri.ImageSpec(image=name))
        )
        return answer.image if answer.HasField("image") else None

    async def images(self) -> list[cri.Image]:
        return list((await self._call(self._images.ListImages, cri.ListImagesRequest())).images)

    async def pull(
        self, name: str, auth: cri.AuthConfig | None, sandbox_config: cri.PodSandboxConfig | None
    ) -> str:
        """Its reference. Takes as long as it takes."""
        request = cri.PullImageRequest(
            image=cri.ImageSpec(image=name), auth=auth, sandbox_config=sandbox_config
        )
        return str((await self._call(self._images.PullImage, request, None)).image_ref)

    async def remove_image(self, name: str) -> None:
        await self._call(self._images.RemoveImage, cri.RemoveImageRequest(image=cri.ImageSpec(image=name)))

    async def image_filesystems(self) -> list[cri.FilesystemUsage]:
        return list((await self._call(self._images.ImageFsInfo, cri.ImageFsInfoRequest())).image_filesystems)
