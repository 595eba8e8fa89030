"""What a Job's pods come to, beside what its status has counted already. Pure.

A finished pod is counted once: its uid is written into status.uncountedTerminatedPods first, then its finalizer is
taken off, then it becomes part of the counters. A `Tally` is the sum of all three, so nothing is lost or doubled by a
crash in between. Of an Indexed Job the completed and failed indexes are counted, not pods.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field

from hythe.kube.controllers.job import indexes
from hythe.kube.controllers.job.policy import judge
from hythe.kube.controllers.job.shape import (
    completions,
    failures_of,
    has_ended,
    index_of,
    is_indexed,
    is_uncounted,
    limit_per_index,
)
from hythe.kube.controllers.pods import is_active, is_ready, is_terminating, phase
from hythe.kube.objects.types import Object


@dataclass(slots=True)
class Tally:
    """`fresh_*` are uids of finished pods that no counter knows yet; `ignored` ones are let go uncounted."""

    active: list[Object]
    terminating: int
    succeeded: int = 0
    failed: int = 0
    indexes: set[int] = field(default_factory=set)
    failed_indexes: set[int] = field(default_factory=set)
    fresh_succeeded: list[str] = field(default_factory=list)
    fresh_failed: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    fatal: str = ""
    """The message of a FailJob rule."""

    @property
    def ready(self) -> int:
        return sum(map(is_ready, self.active))


def tally(job: Object, pods: Sequence[Object], released: Set[str] = frozenset()) -> Tally:
    """`released`: uids that have been counted, though the pods still look as if they were not."""
    status = job.get("status") or {}
    pending = status.get("uncountedTerminatedPods") or {}
    known_good, known_bad = set(pending.get("succeeded") or ()), set(pending.get("failed") or ())
    total = completions(job) or 0
    found = Tally(
        [pod for pod in pods if is_active(pod)],
        sum(is_terminating(pod) and not has_ended(pod) for pod in pods),
        indexes=indexes.parse(status.get("completedIndexes"), total),
        failed_indexes=indexes.parse(status.get("failedIndexes"), total),
    )
    counted = known_good | known_bad | released
    for pod in pods:
        if pod["metadata"]["uid"] not in counted and is_uncounted(pod) and _is_over(job, pod):
            (_succeeded if phase(pod) == "Succeeded" else _failed)(job, pod, found)
    found.succeeded = int(status.get("succeeded") or 0) + len(known_good) + len(found.fresh_succeeded)
    if is_indexed(job):
        found.succeeded = len(found.indexes)
    found.failed = int(status.get("failed") or 0) + len(known_bad) + len(found.fresh_failed)
    return found


def _succeeded(job: Object, pod: Object, found: Tally) -> None:
    uid, index = pod["metadata"]["uid"], index_of(pod)
    if not is_indexed(job):
        found.fresh_succeeded.append(uid)
    elif index is None or index in found.indexes or index >= (completions(job) or 0):
        found.ignored.append(uid)  # somebody else has done it
    else:
        found.indexes.add(index)
        found.fresh_succeeded.append(uid)


def _failed(job: Object, pod: Object, found: Tally) -> None:
    verdict = judge(job, pod)
    uid, index, limit = pod["metadata"]["uid"], index_of(pod), limit_per_index(job)
    if verdict.action == "Ignore":
        found.ignored.append(uid)
        return
    found.fresh_failed.append(uid)
    if verdict.action == "FailJob":
        found.fatal = found.fatal or verdict.message
    if limit is None or index is None or index in found.indexes:
        return
    if verdict.action == "FailIndex" or failures_of(pod) + 1 > limit:
        found.failed_indexes.add(index)


def _is_over(job: Object, pod: Object) -> bool:
    """A deleted pod that no node ever had will not report its end; with a failure policy an end must be known."""
    if has_ended(pod):
        return True
    never_ran = is_terminating(pod) and not pod["spec"].get("nodeName")
    return never_ran and not job["spec"].get("podFailurePolicy")
