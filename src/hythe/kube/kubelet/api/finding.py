"""From a path's parts to the pod and container that they mean; what is missing is told in the kubelet's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hythe.kube.kubelet.api.exchange import Refused
from hythe.kube.kubelet.cri.observed import ContainerRecord, State
from hythe.kube.kubelet.lifecycle.worker import Worker
from hythe.kube.kubelet.pods import names, parts

_NO_IMAGE = ("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName")


class Place(NamedTuple):
    """`container` is "" where only a pod was named."""

    worker: Worker
    container: str


class Finder:
    """`workers` by uid, as the loop has them."""

    def __init__(self, workers: Mapping[str, Worker]) -> None:
        self._workers = workers

    def find(self, path: list[str], *, container: bool = True) -> Place:
        """NAMESPACE/POD[/UID]/CONTAINER. Raises Refused."""
        wanted = 3 if container else 2
        if len(path) not in (wanted, wanted + 1) or not all(path):
            raise Refused(404, "404 page not found")
        space, name = path[0], path[1]
        uid = path[2] if len(path) == wanted + 1 else ""
        worker = self._pod(space, name, uid)
        if container and parts.container(worker.pod, path[-1]) is None:
            raise Refused(404, f'container "{path[-1]}" not found in pod "{name}"')
        return Place(worker, path[-1] if container else "")

    def _pod(self, space: str, name: str, uid: str) -> Worker:
        """The newest of that name."""
        found = [
            worker
            for worker in self._workers.values()
            if "spec" in worker.pod
            and (names.namespace(worker.pod), names.name(worker.pod)) == (space, name)
            and uid in ("", worker.uid)
        ]
        if not found:
            raise Refused(404, f'pod "{name}" not found')
        return max(found, key=lambda worker: str(worker.pod["metadata"].get("creationTimestamp", "")))


def running(place: Place) -> ContainerRecord:
    """Raises Refused where it does not run."""
    record = place.worker.seen.latest(place.container)
    if record is None or record.state is not State.RUNNING:
        raise Refused(500, f'container not found ("{place.container}")')
    return record


def with_log(place: Place, *, previous: bool) -> ContainerRecord:
    """The container whose log is meant. Raises Refused, with what it waits for."""
    records = place.worker.seen.all_of(place.container)
    pod, name = names.name(place.worker.pod), place.container
    if previous:
        if len(records) > 1:
            return records[1]
        if records and records[0].state is State.EXITED and _waits(place):
            return records[0]
        raise Refused(400, f'previous terminated container "{name}" in pod "{pod}" not found')
    started = [one for one in records if one.state is not State.CREATED]
    if not started:
        why = _waits(place) or "ContainerCreating"
        if why in _NO_IMAGE:
            why = "trying and failing to pull image"
        raise Refused(400, f'container "{name}" in pod "{pod}" is waiting to start: {why}')
    return started[0]


def _waits(place: Place) -> str:
    for field in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for status in place.worker.status.get(field) or []:
            if status["name"] == place.container:
                return str(((status.get("state") or {}).get("waiting") or {}).get("reason", ""))
    return ""
