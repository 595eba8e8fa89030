"""GetContainerEvents: what happens to pods and containers, as it happens, with the state of the whole pod.

The engine's own events are told in CRI's words. Each reader has a stream of its own, which ends when it leaves.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from cri_api.v1 import api_pb2 as cri

from hythe.api.cri.pods import Pods
from hythe.api.cri.records import Member, Pod, Records
from hythe.api.cri.server import Handlers
from hythe.engine.events import Event, Subscription

if TYPE_CHECKING:
    from hythe.engine.engine import Engine

KINDS: Final = {
    "create": cri.CONTAINER_CREATED_EVENT,
    "start": cri.CONTAINER_STARTED_EVENT,
    "die": cri.CONTAINER_STOPPED_EVENT,
    "destroy": cri.CONTAINER_DELETED_EVENT,
}


class Events:
    def __init__(self, engine: Engine, records: Records, pods: Pods) -> None:
        self._engine, self._records, self._pods = engine, records, pods

    def handlers(self) -> Handlers:
        return {"GetContainerEvents": self.stream}

    def stream(self, request: cri.GetEventsRequest) -> AsyncIterator[cri.ContainerEventResponse]:
        """All that happens from this call on."""
        return self._told_of(self._engine.events.subscribe(_concerns))

    async def _told_of(self, subscription: Subscription) -> AsyncIterator[cri.ContainerEventResponse]:
        owners = {one.record.id: _owner(one) for one in self._records}
        async with aclosing(subscription):
            async for event in subscription:
                one = self._records.find(event.id)
                if one is not None:
                    owners[event.id] = _owner(one)
                owner = owners.get(event.id)
                if owner is None:
                    continue  # a container of others
                if event.action == "destroy":
                    del owners[event.id]
                yield self._told(event, owner)

    def _told(self, event: Event, owner: str) -> cri.ContainerEventResponse:
        result = cri.ContainerEventResponse(
            container_id=event.id, container_event_type=KINDS[event.action], created_at=event.time
        )
        pod = self._records.find(owner)
        if isinstance(pod, Pod):
            told = self._pods.told(pod)
            result.pod_sandbox_status.CopyFrom(told.status)
            result.containers_statuses.extend(told.containers_statuses)
        return result


def _concerns(event: Event) -> bool:
    return event.type == "container" and event.action in KINDS


def _owner(one: Pod | Member) -> str:
    """The id of its pod."""
    return one.pod_id if isinstance(one, Member) else one.record.id
