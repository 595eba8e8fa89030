"""Runs Jobs: as many pods at once as they may have, until enough have succeeded or too many failed.

One pass: count what has ended (`progress`), decide, delete what is too much or create what is missing, write the
status (`status`). A finished pod is let go (its finalizer taken off) only after the status knows it. Counting on an
old picture would count twice, so a pass waits until the caches show what the last one wrote.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from hythe.errors import HytheError
from hythe.kube.client.cache import key_of
from hythe.kube.client.expectations import Expectations
from hythe.kube.client.informer import Handler
from hythe.kube.client.recorder import NORMAL, WARNING
from hythe.kube.client.resources import JOBS, PODS
from hythe.kube.controllers.controller import Context, Controller
from hythe.kube.controllers.job import progress, status
from hythe.kube.controllers.job.progress import Outcome
from hythe.kube.controllers.job.shape import (
    TRACKING,
    condition_of,
    is_finished,
    is_indexed,
    is_uncounted,
    limit_per_index,
    pod_for,
)
from hythe.kube.controllers.job.tally import Tally, tally
from hythe.kube.controllers.owners import (
    BY_CONTROLLER,
    Claimer,
    by_controller,
    claimable,
    controller_key,
    controller_of,
)
from hythe.kube.controllers.podcontrol import PodControl, namespace_is_terminating, slow_start
from hythe.kube.controllers.pods import is_ready
from hythe.kube.objects import labels
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import Object

_AT_ONCE: Final = 500
_ORPHAN: Final = "orphan "


class JobController(Controller):
    name = "job-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._expected = Expectations(self.clock)
        self._written: dict[str, int] = {}
        """By Job: the resourceVersion of the status that was written last."""
        self._released: set[str] = set()
        """Pods whose finalizer was taken off, which the cache does not show yet."""
        self._jobs = self.follow(JOBS)
        self._pods = self.informers.of(PODS, {BY_CONTROLLER: by_controller})
        self._pods.add_handler(Handler(self._pod_added, self._pod_changed, self._pod_gone))
        self._jobs.add_handler(Handler(delete=self._job_gone))
        self._claimer = Claimer(self.client, JOBS, PODS, TRACKING)
        self._control = PodControl(self.client, self.recorder, JOBS)

    async def sync(self, key: str) -> None:
        if key.startswith(_ORPHAN):
            await self._let_orphan_go(key.removeprefix(_ORPHAN))
            return
        job = self._jobs.cache.get(key)
        if job is None:
            self._expected.forget(key)
            self._written.pop(key, None)
            return
        if job["spec"].get("managedBy") not in (None, "kubernetes.io/job-controller"):
            return
        if int(job["metadata"]["resourceVersion"]) < self._written.get(key, 0):
            return  # the informer brings the key back when it shows what was written
        pods = await self._claim(job)
        if is_finished(job) or job["metadata"].get("deletionTimestamp"):
            await self._let_go([pod for pod in pods if is_uncounted(pod)])
        elif self._expected.fulfilled(key):
            await self._pass(key, job, pods)

    async def _claim(self, job: Object) -> list[Object]:
        """Its pods; those that its selector finds without an owner become its own."""
        selector = labels.from_object(job["spec"].get("selector"))
        if selector.nothing or is_finished(job):
            return self._pods.cache.by(BY_CONTROLLER, job["metadata"]["uid"])
        candidates = claimable(self._pods.cache, job)
        return await self._claimer.claim(
            job, candidates, lambda pod: selector.matches(pod["metadata"].get("labels"))
        )

    async def _pass(self, key: str, job: Object, pods: list[Object]) -> None:
        now = self.clock.now()
        job = {**job, "status": status.suspended(job, job.get("status") or {}, now)}
        found = tally(job, pods, self._released)
        outcome = _decided_before(job) or progress.verdict(job, found, now)
        if found.fresh_succeeded or found.fresh_failed:
            job = await self._write(job, status.with_fresh(job, found))
        await self._let_go([pod for pod in pods if self._is_over(job, found, pod)])
        failure: Exception | None = None
        if outcome is not None:
            await self._delete(key, job, found.active)
        else:
            failure = await self._manage(key, job, found, pods)
        await self._conclude(job, found, outcome)
        left = progress.seconds_left(job, now)
        if left is not None and outcome is None:
            self.queue.add_after(key, left + 0.01)
        if failure is not None:
            raise failure

    def _is_over(self, job: Object, found: Tally, pod: Object) -> bool:
        """Has it been written down, or is it not to be?"""
        pending = (job.get("status") or {}).get("uncountedTerminatedPods") or {}
        known = {*(pending.get("succeeded") or ()), *(pending.get("failed") or ()), *found.fresh_succeeded}
        return is_uncounted(pod) and pod["metadata"]["uid"] in known.union(found.ignored)

    async def _conclude(self, job: Object, found: Tally, outcome: Outcome | None) -> None:
        """The counters are those of `found`; pods that were deleted just now still count as running."""
        new = status.counted(job, found)
        final = outcome is not None and not found.active and not found.terminating
        if outcome is not None:
            new = status.decided(new, outcome, self.clock.now(), final=final)
        await self._write(job, new)
        if final and outcome is not None:
            kind, reason, message = outcome
            if kind == "Complete":
                self._tell(job, NORMAL, "Completed", "Job completed")
            else:
                self._tell(job, WARNING, reason, message)

    async def _write(self, job: Object, new: Object) -> Object:
        """The Job with this status, as the server has it then. Raises ApiError (409) when the cache was behind."""
        key, meta = key_of(job), job["metadata"]
        if key not in self._jobs.cache or new == (self._base(job).get("status") or {}):
            return job
        body = {**self._base(job), "status": new}
        made = await self.client.update_status(JOBS, body)
        self._written[key] = int(made["metadata"]["resourceVersion"])
        assert made["metadata"]["uid"] == meta["uid"]
        return made

    def _base(self, job: Object) -> Object:
        """The Job as it was read, whatever status has been worked out since."""
        cached = self._jobs.cache.get(key_of(job))
        same = cached is not None and (
            cached["metadata"]["resourceVersion"] == job["metadata"]["resourceVersion"]
        )
        return cached if same and cached is not None else job

    async def _manage(self, key: str, job: Object, found: Tally, pods: Sequence[Object]) -> Exception | None:
        missing = progress.wanted_active(job, found) - len(found.active)
        if missing < 0:
            surplus = sorted(found.active, key=lambda pod: (is_ready(pod), pod["metadata"]["name"]))
            await self._delete(key, job, surplus[:-missing])
            return None
        if job["spec"].get("podReplacementPolicy") == "Failed" or job["spec"].get("podFailurePolicy"):
            missing = min(missing, missing - found.terminating)
        if missing <= 0:
            return None
        slots, wait = self._slots(job, found, pods, min(missing, _AT_ONCE))
        if wait is not None:
            self.queue.add_after(key, wait)
        return await self._create(key, job, pods, slots) if slots else None

    def _slots(
        self, job: Object, found: Tally, pods: Sequence[Object], count: int
    ) -> tuple[list[int | None], float | None]:
        """For which indexes (None: for no particular one) pods are made now, and when to look for more."""
        now = self.clock.now()
        if limit_per_index(job) is not None:
            due, wait = progress.due_indexes(job, found, pods, now)
            return list(due[:count]), wait
        wait = progress.pause(found.failed, pods, now)
        if wait > 0:
            return [], wait
        if is_indexed(job):
            return list(progress.free_indexes(job, found, pods)[:count]), None
        return [None] * count, None

    async def _create(
        self, key: str, job: Object, pods: Sequence[Object], slots: list[int | None]
    ) -> Exception | None:
        self._expected.expect(key, creations=len(slots))

        async def one(number: int) -> None:
            index = slots[number]
            failures = progress.failures_at(index, pods) if index is not None else 0
            await self._control.create(job, pod_for(job, index, failures))

        try:
            done, error = await slow_start(len(slots), one)
        except BaseException:
            self._expected.forget(key)
            raise
        self._expected.created(key, len(slots) - done)
        if isinstance(error, HytheError) and namespace_is_terminating(error):
            return None
        return error

    async def _delete(self, key: str, job: Object, pods: Sequence[Object]) -> None:
        self._expected.expect(key, deletions={pod["metadata"]["uid"] for pod in pods})
        try:
            await asyncio.gather(*(self._control.delete(job, pod) for pod in pods))
        except BaseException:
            self._expected.forget(key)
            raise

    async def _let_go(self, pods: Sequence[Object]) -> None:
        await asyncio.gather(*(self._take_finalizer(pod) for pod in pods))

    async def _take_finalizer(self, pod: Object) -> None:
        meta = pod["metadata"]
        kept = [each for each in meta["finalizers"] if each != TRACKING]
        patch = {
            "metadata": {
                "uid": meta["uid"], "resourceVersion": meta["resourceVersion"], "finalizers": kept or None,
            }
        }  # fmt: skip
        self._released.add(meta["uid"])
        try:
            await self.client.patch(PODS, meta["name"], patch, meta["namespace"])
        except ApiError as error:
            self._released.discard(meta["uid"])
            if error.code != 404:
                raise

    async def _let_orphan_go(self, key: str) -> None:
        """A pod that no Job counts any more must not be kept by the finalizer."""
        pod = self._pods.cache.get(key)
        if pod is None or not is_uncounted(pod):
            return
        owner = next(iter(controller_key(pod, JOBS)), "")
        if not owner or owner not in self._jobs.cache:
            await self._let_go([pod])

    def _tell(self, job: Object, type: str, reason: str, message: str) -> None:
        self.recorder.event({"apiVersion": "batch/v1", "kind": "Job", **job}, type, reason, message)

    def _pod_added(self, pod: Object) -> None:
        for key in controller_key(pod, JOBS):
            self._expected.created(key)
        self._queue_for(pod)

    def _pod_changed(self, before: Object, now: Object) -> None:
        meta = now["metadata"]
        if not is_uncounted(now):
            self._released.discard(meta["uid"])
        if meta.get("deletionTimestamp"):
            for key in controller_key(now, JOBS):
                self._expected.deleted(key, meta["uid"])
        self._queue_for(before)
        self._queue_for(now)

    def _pod_gone(self, pod: Object) -> None:
        self._released.discard(pod["metadata"]["uid"])
        for key in controller_key(pod, JOBS):
            self._expected.deleted(key, pod["metadata"]["uid"])
            self.queue.add(key)

    def _job_gone(self, job: Object) -> None:
        for pod in self._pods.cache.by(BY_CONTROLLER, job["metadata"]["uid"]):
            self._queue_for(pod)

    def _queue_for(self, pod: Object) -> None:
        keys = list(controller_key(pod, JOBS))
        for key in keys:
            self.queue.add(key)
        if is_uncounted(pod) and not any(key in self._jobs.cache for key in keys):
            self.queue.add(_ORPHAN + key_of(pod))
        if controller_of(pod) is None and (carried := pod["metadata"].get("labels")):
            for job in self._jobs.cache.in_namespace(pod["metadata"]["namespace"]):
                if not is_finished(job) and labels.from_object(job["spec"].get("selector")).matches(carried):
                    self.queue.add(key_of(job))


def _decided_before(job: Object) -> Outcome | None:
    """A decision stands, though the pods have not all ended."""
    for early, kind in (("SuccessCriteriaMet", "Complete"), ("FailureTarget", "Failed")):
        if (found := condition_of(job, early)) is not None:
            return kind, found["reason"], found.get("message", "")
    return None
