"""What there is of one pod, known with as few calls as it takes.

    look()                     two lists, chosen by the pod's uid, and the status of what is new or has changed state
    made_sandbox, made_container   the kubelet has just made it: one call for its status, no list
    told(event)                the runtime's own event has the statuses in it: no call at all

Of each thing the whole status is asked once for each state: what has started does not start again, what has ended
stays as it is. What is known never goes back in time: an event that is older than the last look is passed over, and
so is one about what the kubelet has made itself since; any other that came before that makes it look. And the answer
to a call changes nothing of a sandbox of which an event has told something later than the call's beginning: the two
come on different ways, and may overtake each other.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import replace
from enum import Enum

from cri_api.v1 import api_pb2 as cri

from hythe.kube.kubelet.cri.client import CriError, Runtime
from hythe.kube.kubelet.cri.observed import (
    ContainerRecord,
    Observed,
    SandboxRecord,
    State,
    container_record,
    observed,
    sandbox_record,
)
from hythe.kube.kubelet.pods import names

_STATES = {
    cri.CONTAINER_CREATED: State.CREATED,
    cri.CONTAINER_RUNNING: State.RUNNING,
    cri.CONTAINER_EXITED: State.EXITED,
}


class News(Enum):
    """What an event was worth: nothing, it is in `current` now, or it takes a look to know."""

    OLD = "old"
    TAKEN = "taken"
    UNCLEAR = "unclear"


class Observer:
    """Of one pod; `current` is what is known now.

    `starting`: containers that the runtime has not answered for yet, or whose postStart hook has not ended. They count
    as created: some runtimes say "running" a moment before a command could be run in them.
    """

    def __init__(self, runtime: Runtime, uid: str, namespace: str, name: str) -> None:
        self._runtime = runtime
        self._uid, self._namespace, self._name = uid, namespace, name
        self._containers: dict[str, ContainerRecord] = {}
        self._sandboxes: dict[str, SandboxRecord] = {}
        self._looked_at = 0
        self._made_at: dict[str, int] = {}
        self._told_at: dict[str, int] = {}
        self.starting: set[str] = set()
        self.current = Observed(uid, namespace, name)

    async def look(self) -> Observed:
        """Raises CriError where the runtime does not answer."""
        begun = time.time_ns()
        chosen = {names.POD_UID: self._uid}
        sandboxes, containers = await asyncio.gather(
            self._runtime.list_sandboxes(chosen), self._runtime.list_containers(chosen)
        )
        first = await asyncio.gather(*(self._sandbox(one) for one in sandboxes))
        second = await asyncio.gather(*(self._container(one) for one in containers))
        self._replace(begun, [one for one in first if one], [one for one in second if one])
        self._looked_at = begun
        self._made_at.clear()
        return self._changed()

    async def made_sandbox(self, sandbox: str) -> Observed:
        """The kubelet has made a sandbox. Raises CriError."""
        begun = time.time_ns()
        answer = await self._runtime.sandbox_status(sandbox)
        if self._told_at.get(sandbox, 0) <= begun:
            self._sandboxes[sandbox] = answer
        self._made_at[sandbox] = begun
        return self._changed()

    async def made_container(self, container: str, sandbox: str) -> Observed:
        """The kubelet has started a container. Raises CriError."""
        self.starting.discard(container)
        begun = time.time_ns()
        answer = await self._runtime.container_status(container, sandbox)
        if self._told_at.get(sandbox, 0) <= begun:
            self._containers[container] = answer
        self._made_at[container] = begun
        return self._changed()

    def told(self, event: cri.ContainerEventResponse) -> News:
        """Take in what an event says of one sandbox and all its containers."""
        sandbox, at = event.pod_sandbox_status.id, event.created_at
        if at <= max(self._looked_at, self._made_at.get(event.container_id, 0)):
            return News.OLD
        if not sandbox or at <= max(self._made_at.values(), default=0):
            return News.UNCLEAR
        others = {key: one for key, one in self._containers.items() if one.sandbox != sandbox}
        its = (container_record(status, sandbox) for status in event.containers_statuses)
        self._containers = others | {one.id: one for one in its}
        self._sandboxes[sandbox] = sandbox_record(event.pod_sandbox_status)
        self._told_at[sandbox] = at
        self._changed()
        return News.TAKEN

    def _replace(
        self, begun: int, sandboxes: Iterable[SandboxRecord], containers: Iterable[ContainerRecord]
    ) -> None:
        """What was found, but for sandboxes of which an event has told something later."""
        later = {key for key, at in self._told_at.items() if at > begun}
        told = {key: one for key, one in self._sandboxes.items() if key in later}
        its = {key: one for key, one in self._containers.items() if one.sandbox in later}
        self._sandboxes = {one.id: one for one in sandboxes if one.id not in later} | told
        self._containers = {one.id: one for one in containers if one.sandbox not in later} | its
        self._told_at = {key: at for key, at in self._told_at.items() if key in self._sandboxes}

    def _changed(self) -> Observed:
        self.current = observed(
            self._uid,
            self._namespace,
            self._name,
            self._sandboxes.values(),
            (self._answered_for(one) for one in self._containers.values()),
        )
        return self.current

    def _answered_for(self, one: ContainerRecord) -> ContainerRecord:
        early = one.id in self.starting and one.state is State.RUNNING
        return replace(one, state=State.CREATED) if early else one

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
            return await self._runtime.container_status(listed.id, listed.pod_sandbox_id)
        except CriError as error:
            _unless_gone(error)
            return None


def _unless_gone(error: CriError) -> None:
    """Removed between the list and the question: fine. Anything else is raised again."""
    if error.code != "NOT_FOUND":
        raise error
