"""Which pods have changed in the runtime: by its events where it has them, else by comparing lists.

GetContainerEvents tells of each container as it happens (CRI since 1.26); runtimes that answer UNIMPLEMENTED are
asked for their lists once a second, as the real kubelet does. An event is handed to the pod's worker with all that it
says; after a comparison the worker looks for itself. A slow comparison goes on beside the events, for what was missed
while the stream was away.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import NamedTuple

from cri_api.v1 import api_pb2 as cri

from hythe.kube.kubelet.cri.client import CriError, Runtime
from hythe.kube.kubelet.pods import names

log = logging.getLogger("hythe.kubelet")

SLOW = 60.0
SETTLED = 3.0
"""Seconds after which a stream of events that has not been refused is taken to work."""


class Found(NamedTuple):
    """A pod of which the runtime has something."""

    uid: str
    namespace: str
    name: str


Wake = Callable[[Found, cri.ContainerEventResponse | None], None]
"""Is told of a pod that has changed, with the event that says so, if it was one."""


class Watch:
    """`wake` is called in the event loop for each pod that has changed."""

    def __init__(self, runtime: Runtime, wake: Wake, interval: float) -> None:
        self._runtime = runtime
        self._wake = wake
        self._interval = interval
        self._states: dict[str, tuple[Found, int]] = {}
        self.evented = False

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._events())
            tasks.create_task(self._lists())

    async def _events(self) -> None:
        while True:
            works = asyncio.get_running_loop().call_later(SETTLED, self._works)
            try:
                async for event in self._runtime.events():
                    self._works()
                    self._event(event)
            except CriError as error:
                if error.code == "UNIMPLEMENTED":
                    return
                log.info("the runtime's events have ended: %s", error)
            finally:
                works.cancel()
            self.evented = False
            await asyncio.sleep(1)

    def _works(self) -> None:
        self.evented = True

    def _event(self, event: cri.ContainerEventResponse) -> None:
        meta = event.pod_sandbox_status.metadata
        if meta.uid:
            self._wake(Found(meta.uid, meta.namespace, meta.name), event)

    async def _lists(self) -> None:
        while True:
            await asyncio.sleep(SLOW if self.evented else self._interval)
            try:
                await self.compare()
            except CriError as error:
                log.info("cannot list the runtime's containers: %s", error)

    async def compare(self) -> set[Found]:
        """Wake all whose containers or sandboxes differ from the last comparison; all pods there are."""
        now: dict[str, tuple[Found, int]] = {}
        for sandbox in await self._runtime.list_sandboxes():
            now[sandbox.id] = (_found(dict(sandbox.labels)), sandbox.state)
        for container in await self._runtime.list_containers():
            now[container.id] = (_found(dict(container.labels)), container.state)
        before, self._states = self._states, now
        changed = {
            (now.get(key) or before[key])[0]
            for key in now.keys() | before.keys()
            if now.get(key) != before.get(key)
        }
        for one in changed:
            if one.uid:
                self._wake(one, None)
        return {found for found, _ in now.values() if found.uid}


def _found(labels: dict[str, str]) -> Found:
    return Found(
        labels.get(names.POD_UID, ""), labels.get(names.POD_NAMESPACE, ""), labels.get(names.POD_NAME, "")
    )
