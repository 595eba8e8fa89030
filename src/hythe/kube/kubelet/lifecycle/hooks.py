"""postStart and preStop: exec, httpGet and sleep handlers, run against one container.

An HTTP hook goes to the pod's address from the node; an answer below 400 is well. tcpSocket is what the API accepts
for old manifests only, and fails as it does in Kubernetes.
Source: https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hythe.errors import HytheError
from hythe.kube.kubelet.cri.client import CriError, Runtime
from hythe.kube.kubelet.probes import http
from hythe.kube.kubelet.probes.targets import port_number
from hythe.kube.objects.types import Object


class HookFailed(HytheError):
    """The handler said no, or could not be run."""


async def run_hook(
    runtime: Runtime, handler: Object, container: Object, container_id: str, ips: Sequence[str]
) -> None:
    """Returns when it is done; takes as long as it takes. Raises HookFailed."""
    if command := handler.get("exec"):
        await _exec(runtime, command.get("command") or [], container_id)
    elif get := handler.get("httpGet"):
        await _http(get, container, ips)
    elif pause := handler.get("sleep"):
        await asyncio.sleep(float(pause.get("seconds") or 0))
    else:
        raise HookFailed("unsupported lifecycle handler")


async def _exec(runtime: Runtime, command: Sequence[str], container_id: str) -> None:
    shown = " ".join(command)
    try:
        result = await runtime.exec_sync(container_id, command, 3600)
    except CriError as error:
        raise HookFailed(f"Exec lifecycle hook ([{shown}]) failed - error: {error.message}") from error
    if result.code:
        output = result.output.decode(errors="replace")
        raise HookFailed(
            f"Exec lifecycle hook ([{shown}]) failed - error: command '{shown}' exited with {result.code}: {output},"
            f" message: {output!r}"
        )


async def _http(get: Object, container: Object, ips: Sequence[str]) -> None:
    host = get.get("host") or next(iter(ips), "")
    port = port_number(get["port"], container)
    answer = await http.request(get, host, port, timeout=60, agent="kube-lifecycle/1.32")
    if answer.error:
        raise HookFailed(answer.error)
    if answer.status >= 400:
        raise HookFailed(f"HTTP lifecycle hook failed with statuscode: {answer.status}")
