"""Makes the Jobs of CronJobs when they are due, and takes finished ones away again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hythe.errors import InvalidArgument
from hythe.kube.client.recorder import NORMAL, WARNING
from hythe.kube.client.resources import CRON_JOBS, JOBS
from hythe.kube.controllers.controller import Context, Controller
from hythe.kube.controllers.cronjob import plan
from hythe.kube.controllers.job.shape import condition_of, is_finished
from hythe.kube.controllers.owners import BY_CONTROLLER, by_controller, controlled_by, controller_key
from hythe.kube.controllers.patches import write_status
from hythe.kube.controllers.podcontrol import namespace_is_terminating
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import Object


class CronJobController(Controller):
    name = "cronjob-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._crons = self.follow(CRON_JOBS)
        self._jobs = self.follow(
            JOBS, lambda job: controller_key(job, CRON_JOBS), {BY_CONTROLLER: by_controller}
        )

    async def sync(self, key: str) -> None:
        cron = self._crons.cache.get(key)
        if cron is None or cron["metadata"].get("deletionTimestamp"):
            return
        jobs = self._jobs.cache.by(BY_CONTROLLER, cron["metadata"]["uid"])
        self._tell_ended(cron, jobs)
        for job in plan.surplus(cron, jobs):
            await self._delete(cron, job)
        started = None
        if not cron["spec"].get("suspend"):
            started = await self._start(key, cron, jobs)
        await write_status(self.client, CRON_JOBS, cron, plan.status(cron, jobs, started))

    async def _start(self, key: str, cron: Object, jobs: Sequence[Object]) -> datetime | None:
        """Make the Job that is due, if it may be; the time that is done with."""
        now = self.clock.now()
        try:
            found = plan.due(cron, now)
        except InvalidArgument as error:
            self._tell(cron, WARNING, "UnparseableSchedule", f"unparseable schedule: {error}")
            return None
        if found.next is not None:
            self.queue.add_after(key, max(0.0, (found.next - now).total_seconds()) + 0.1)
        if found.at is None:
            return None
        if found.missed > 100:
            told = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
            self._tell(cron, WARNING, "TooManyMissedTimes", told)
        running = [job for job in jobs if not is_finished(job)]
        policy = cron["spec"].get("concurrencyPolicy", "Allow")
        if running and policy == "Forbid":
            told = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self._tell(cron, NORMAL, "JobAlreadyActive", told)
            return None
        if policy == "Replace":
            for job in running:
                await self._delete(cron, job)
        return await self._make(cron, found.at)

    async def _make(self, cron: Object, at: datetime) -> datetime | None:
        wanted = plan.job_for(cron, at)
        name = wanted["metadata"]["name"]
        try:
            await self.client.create(JOBS, wanted)
        except ApiError as error:
            if namespace_is_terminating(error):
                return None
            if error.reason != "AlreadyExists":
                self._tell(cron, WARNING, "FailedCreate", f"Error creating job: {error}")
                raise
            there = await self.client.get(JOBS, name, cron["metadata"]["namespace"])
            return at if controlled_by(there, cron) else None
        self._tell(cron, NORMAL, "SuccessfulCreate", f"Created job {name}")
        return at

    async def _delete(self, cron: Object, job: Object) -> None:
        meta = job["metadata"]
        try:
            await self.client.delete(
                JOBS, meta["name"], meta["namespace"], uid=meta["uid"], propagation="Background"
            )
        except ApiError as error:
            if error.code == 404:
                return
            self._tell(cron, WARNING, "FailedDelete", f"Deleted job: {error}")
            raise
        self._tell(cron, NORMAL, "SuccessfulDelete", f"Deleted job {meta['name']}")

    def _tell_ended(self, cron: Object, jobs: Sequence[Object]) -> None:
        """Of those that the status still says run."""
        listed = {each["uid"] for each in (cron.get("status") or {}).get("active") or ()}
        for job in jobs:
            if job["metadata"]["uid"] in listed and is_finished(job):
                how = "Complete" if condition_of(job, "Complete") else "Failed"
                told = f"Saw completed job: {job['metadata']['name']}, condition: {how}"
                self._tell(cron, NORMAL, "SawCompletedJob", told)

    def _tell(self, cron: Object, type: str, reason: str, message: str) -> None:
        self.recorder.event({"apiVersion": "batch/v1", "kind": "CronJob", **cron}, type, reason, message)
