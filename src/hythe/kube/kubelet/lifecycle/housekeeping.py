"""What a node's kubelet looks after from time to time: logs that grow, volumes that are too full.

A log beyond 10 MiB is moved aside (its name gets the time), the runtime opens a new one, and of the old ones four are
kept, as the real kubelet does. An emptyDir on disk that holds more than its `sizeLimit` evicts its pod.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from pathlib import Path

from hythe.kube.kubelet.cri.client import CriError, Runtime
from hythe.kube.kubelet.cri.observed import ContainerRecord, State
from hythe.kube.kubelet.lifecycle.records import tell_of
from hythe.kube.kubelet.lifecycle.shared import Shared
from hythe.kube.kubelet.lifecycle.worker import Worker
from hythe.kube.kubelet.pods.quantities import amount
from hythe.kube.kubelet.status.pod import Failure
from hythe.kube.kubelet.volumes import emptydir, folders

log = logging.getLogger("hythe.kubelet")

LARGEST_LOG = 10 * 1024 * 1024
OLD_LOGS = 4


class Housekeeping:
    """For all pods of the node; `workers` as the loop has them."""

    def __init__(self, shared: Shared, workers: Mapping[str, Worker]) -> None:
        self._shared = shared
        self._workers = workers

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(self._shared.settings.timings.collect)
            await self.once()

    async def once(self) -> None:
        self._shared.restarts.expire(self._shared.now() / 1e9)
        self._shared.puller.expire()
        for worker in list(self._workers.values()):
            if "spec" not in worker.pod:
                continue
            for record in worker.seen.containers:
                if record.state is State.RUNNING:
                    await rotate(self._shared.runtime, record)
            if (failure := await self._too_full(worker)) is not None:
                tell_of(self._shared.recorder, worker.pod)("Warning", failure.reason, failure.message)
                worker.evict(failure)

    async def _too_full(self, worker: Worker) -> Failure | None:
        for volume in worker.pod["spec"].get("volumes") or []:
            empty = volume.get("emptyDir")
            if not empty or not empty.get("sizeLimit") or empty.get("medium"):
                continue
            limit = amount(empty["sizeLimit"])
            place = folders.volume_folder(self._shared.volumes.folder(worker.uid), "emptyDir", volume["name"])
            if limit and await asyncio.to_thread(emptydir.usage, place) > limit:
                text = (
                    f'Usage of EmptyDir volume "{volume["name"]}" exceeds the limit "{empty["sizeLimit"]}". '
                )
                return Failure("Evicted", text)
        return None


async def rotate(runtime: Runtime, record: ContainerRecord, largest: int = LARGEST_LOG) -> bool:
    """Move the log of a running container aside if it is too large; whether it was."""
    place = Path(record.log_path)
    try:
        if place.stat().st_size < largest:
            return False
    except OSError:
        return False
    aside = place.with_name(f"{place.name}.{time.strftime('%Y%m%d-%H%M%S')}")
    place.rename(aside)
    try:
        await runtime.reopen_log(record.id)
    except CriError as error:
        log.warning("the log of %s stays in one piece: %s", record.name, error)
        aside.rename(place)
        return False
    for old in sorted(place.parent.glob(f"{place.name}.*"))[:-OLD_LOGS]:
        old.unlink(missing_ok=True)
    return True
