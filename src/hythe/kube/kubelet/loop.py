"""The sync loop: pods that the API server gives to this node, and pods that the runtime has, each get a worker.

A pod that the runtime has and the API server does not know (deleted while the kubelet was away) gets one too, which
ends it and clears it away. Nothing is judged before the API server's first list is complete.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from pathlib import Path

from cri_api.v1 import api_pb2 as cri

from hythe.kube.client.informer import Handler, Informer
from hythe.kube.client.resources import PODS
from hythe.kube.kubelet.cri.watch import Found
from hythe.kube.kubelet.lifecycle.admission import refusal
from hythe.kube.kubelet.lifecycle.records import tell_of
from hythe.kube.kubelet.lifecycle.shared import Shared
from hythe.kube.kubelet.lifecycle.worker import Worker
from hythe.kube.kubelet.pods import names, parts
from hythe.kube.kubelet.status.pod import Failure
from hythe.kube.kubelet.volumes import folders
from hythe.kube.objects.types import Object

log = logging.getLogger("hythe.kubelet")


class Loop:
    """`workers` by uid."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self.workers: dict[str, Worker] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.informer = Informer(shared.client, PODS, fields=f"spec.nodeName={shared.settings.node_name}")
        self.informer.add_handler(
            Handler(self._changed, lambda before, now: self._changed(now), self._deleted)
        )

    async def run(self) -> None:
        """Until cancelled; the pods go on then."""
        try:
            await self.informer.run()
        finally:
            tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def found(self, one: Found, event: cri.ContainerEventResponse | None) -> None:
        """The runtime has told of a pod."""
        if (worker := self.workers.get(one.uid)) is not None:
            worker.told(event)
        elif self.informer.has_synced:
            pod: Object = {"metadata": {"uid": one.uid, "namespace": one.namespace, "name": one.name}}
            self._begin(Worker(self._shared, pod, self._done, gone=True))

    def sources_changed(self, uid: str) -> None:
        if (worker := self.workers.get(uid)) is not None:
            worker.sources_changed()

    def _changed(self, pod: Object) -> None:
        uid = names.uid(pod)
        if (worker := self.workers.get(uid)) is not None:
            worker.update(pod)
        else:
            worker = Worker(self._shared, pod, self._done, fresh=self.informer.has_synced and not _begun(pod))
            if (refused := self._refusal(pod)) is not None:
                tell_of(self._shared.recorder, pod)("Warning", refused.reason, refused.message)
                worker.evict(refused)
            self._begin(worker)

    def _refusal(self, pod: Object) -> Failure | None:
        """Only of a pod that no kubelet has begun with."""
        if _begun(pod) or parts.deleted(pod):
            return None
        others = [
            worker.pod | {"status": worker.status} for worker in self.workers.values() if "spec" in worker.pod
        ]
        machine = self._shared.machine
        return refusal(pod, others, machine.allocatable, machine.labels)

    def _deleted(self, pod: Object) -> None:
        if (worker := self.workers.get(names.uid(pod))) is not None:
            worker.remove(pod)

    def _begin(self, worker: Worker) -> None:
        self.workers[worker.uid] = worker
        task = self._tasks[worker.uid] = asyncio.ensure_future(worker.run())
        task.add_done_callback(_complain)

    def _done(self, uid: str) -> None:
        self.workers.pop(uid, None)
        self._tasks.pop(uid, None)
        self._shared.publisher.forget(uid)
        self._shared.restarts.forget(f"{uid}/")

    async def sweep(self, present: set[Found]) -> None:
        """Remove folders of pods that neither the API server nor the runtime (`present`) knows."""
        await self.informer.synced()
        known = self.workers.keys() | {one.uid for one in present}
        await asyncio.to_thread(
            _sweep, self._shared.settings.pods, self._shared.settings.pod_logs, set(known)
        )


def _begun(pod: Object) -> bool:
    """Whether a kubelet has taken it on before."""
    return bool((pod.get("status") or {}).get("startTime"))


def _complain(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("a pod's worker has ended: %s", error, exc_info=error)


def _sweep(pods: Path, logs: Path, known: set[str]) -> None:
    for folder in [*pods.iterdir()] if pods.is_dir() else []:
        if folder.name not in known:
            log.info("removing what is left of pod %s", folder.name)
            try:
                folders.remove(folder)
            except OSError as error:
                log.warning("cannot remove %s: %s", folder, error)
    for folder in [*logs.iterdir()] if logs.is_dir() else []:
        if folder.name.rpartition("_")[2] not in known:
            shutil.rmtree(folder, ignore_errors=True)
