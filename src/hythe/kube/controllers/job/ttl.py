"""Deletes finished Jobs when their ttlSecondsAfterFinished is over, with all that belongs to them."""

from __future__ import annotations

from datetime import datetime, timedelta

from hythe.kube.client.clock import parse
from hythe.kube.client.resources import JOBS
from hythe.kube.controllers.absence import gone_is_fine
from hythe.kube.controllers.controller import Context, Controller
from hythe.kube.controllers.job.shape import condition_of
from hythe.kube.objects.types import Object


class TtlAfterFinishedController(Controller):
    name = "ttl-after-finished-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._jobs = self.follow(JOBS)

    async def sync(self, key: str) -> None:
        job = self._jobs.cache.get(key)
        left = seconds_left(job, self.clock.now()) if job is not None else None
        if job is None or left is None:
            return
        if left > 0:
            self.queue.add_after(key, left)
            return
        meta = job["metadata"]
        fresh = await self.client.get(JOBS, meta["name"], meta["namespace"])
        if (seconds_left(fresh, self.clock.now()) or 0) > 0:  # the time was made longer
            return
        with gone_is_fine():
            await self.client.delete(
                JOBS, meta["name"], meta["namespace"], uid=meta["uid"],
                version=fresh["metadata"]["resourceVersion"], propagation="Foreground",
            )  # fmt: skip


def seconds_left(job: Object, now: datetime) -> float | None:
    """Until a Job is to be deleted; None: it is not finished, or stays. Pure."""
    lifetime = job["spec"].get("ttlSecondsAfterFinished")
    ended = condition_of(job, "Complete") or condition_of(job, "Failed")
    if lifetime is None or ended is None or job["metadata"].get("deletionTimestamp"):
        return None
    since = parse(ended.get("lastTransitionTime")) or now
    return (since + timedelta(seconds=int(lifetime)) - now).total_seconds()
