"""Looks at what there is of one pod, with as few calls as it takes.

Two lists, chosen by the pod's uid, say which sandboxes and containers there are and in which state. Of each, the whole
status is asked once for each state: what has started does not start again, what has ended stays as it is.
"""

from __future__ import annotations

import asyncio

from cri_api.v1 import api_pb2 as cri

from hythe.kube.kubelet.cri.client import CriError, Runtime
from hythe.kube.kubelet.cri.observed import ContainerRecord, Observed, SandboxRecord, State, observed
from hythe.kube.kubelet.pods import names

_STATES = {
    cri.CONTAINER_CREATED: State.CREATED,
    cri.CONTAINER_RUNNING: State.RUNNING,
    cri.CONTAINER_EXITED: State.EXITED,
}


class Observer:
    """One for a pod; remembers what cannot change any more."""

    def __init__(self, runtime: Runtime, uid: str, namespace: str, name: str) -> None:
        self._runtime = runtime
        self._uid, self._namespace, self._name = uid, namespace, name
        self._containers: dict[str, ContainerRecord] = {}
        self._sandboxes: dict[str, SandboxRecord] = {}

    async def look(self) -> Observed:
        """Raises CriError where the runtime does not answer."""
        chosen = {names.POD_UID: self._uid}
        sandboxes, containers = await asyncio.gather(
            self._runtime.list_sandboxes(chosen), self._runtime.list_containers(chosen)
        )
        first = await asyncio.gather(*(self._sandbox(one) for one in sandboxes))
        second = await asyncio.gather(*(self._container(one) for one in containers))
        self._sandboxes = {one.id: one for one in first if one is not None}
        self._containers = {one.id: one for one in second if one is not None}
        return observed(
            self._uid, self._namespace, self._name, self._sandboxes.values(), self._containers.values()
        )

    async def _sandbox(self, listed: cri.PodSandbox) -> SandboxRecord | None:
        known = self._sandboxes.get(listed.id)
        if known is not None and known.ready == (listed.state == cri.SANDBOX_READY):
            return known
        try:
            return await self._runtime.sandbox_status(listed.id)
        except CriError as error:
            _unless_gone(error)
            return None

    async def _container(self, listed: cri.Container) -> ContainerRecord | None:
        known = self._containers.get(listed.id)
        if known is not None and known.state is _STATES.get(listed.state):
            return known
        try:
            return await self._runtime.container_status(listed.id)
        except CriError as error:
            _unless_gone(error)
            return None


def _unless_gone(error: CriError) -> None:
    """Removed between the list and the question: fine. Anything else is raised again."""
    if error.code != "NOT_FOUND":
        raise error
