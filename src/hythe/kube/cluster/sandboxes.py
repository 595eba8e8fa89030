"""Ending every pod that a container runtime has, through CRI: the part of `hythe kube down` that reaches containers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from hythe.errors import Unavailable

_GRACE: Final = 2
"""Seconds that the programs in containers have after SIGTERM."""
_PATIENCE: Final = 30.0
_AT_ONCE: Final = 16


def remove_all(address: str) -> int:
    """Stop and remove all pods behind "unix:///PATH"; gives their number. Raises Unavailable if nobody answers."""
    import grpc
    from cri_api.v1 import api_pb2, api_pb2_grpc

    with grpc.insecure_channel(address) as channel:
        runtime: Any = api_pb2_grpc.RuntimeServiceStub(channel)  # type: ignore[no-untyped-call]
        try:
            pods = runtime.ListPodSandbox(api_pb2.ListPodSandboxRequest(), timeout=_PATIENCE).items
            containers = runtime.ListContainers(api_pb2.ListContainersRequest(), timeout=_PATIENCE).containers
            with ThreadPoolExecutor(_AT_ONCE) as threads:
                list(threads.map(lambda each: _stop(runtime, api_pb2, each.id), containers))
                list(threads.map(lambda each: _remove(runtime, api_pb2, each.id), pods))
        except grpc.RpcError as error:
            raise Unavailable(f"the container runtime at {address}: {error.details()}") from error
        return len(pods)


def _stop(runtime: Any, messages: Any, id: str) -> None:
    runtime.StopContainer(messages.StopContainerRequest(container_id=id, timeout=_GRACE), timeout=_PATIENCE)


def _remove(runtime: Any, messages: Any, id: str) -> None:
    runtime.StopPodSandbox(messages.StopPodSandboxRequest(pod_sandbox_id=id), timeout=_PATIENCE)
    runtime.RemovePodSandbox(messages.RemovePodSandboxRequest(pod_sandbox_id=id), timeout=_PATIENCE)
