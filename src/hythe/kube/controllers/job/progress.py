"""How far a Job is, from its counters and its pods, and what is to be done next. Pure.

A finished pod is counted once: its uid is written into status.uncountedTerminatedPods first, then its finalizer is
taken off, then it becomes part of the counters. `Tally` is the sum of all three, so nothing is lost or doubled by a
crash in between.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from hythe.kube.client.clock import parse
from hythe.kube.controllers.job import indexes
from hythe.kube.controllers.job.policy import judge
from hythe.kube.controllers.job.shape import (
    completions,
    has_ended,
    index_of,
    is_indexed,
    is_uncounted,
    parallelism,
)
from hythe.kube.controllers.pods import is_active, is_ready, is_terminating, phase, restarts
from hythe.kube.objects.types import Object

_FIRST_PAUSE: Final = 10.0
_LONGEST_PAUSE: Final = 600.0


class Tally(NamedTuple):
    """`fresh_*` are uids of finished pods that no counter knows yet; `ignored` ones are let go uncounted."""

    active: list[Object]
    ready: int
    terminating: int
    succeeded: int
    failed: int
    indexes: set[int]
    fresh_succeeded: list[str]
    fresh_failed: list[str]
    ignored: list[str]
    fatal: str
    """The message of a FailJob rule."""


def tally(job: Object, pods: Sequence[Object], released: Set[str] = frozenset()) -> Tally:
    """`released`: uids that have been counted, though the pods still look as if they were not."""
    status = job.get("status") or {}
    pending = status.get("uncountedTerminatedPods") or {}
    known_good, known_bad = set(pending.get("succeeded") or ()), set(pending.get("failed") or ())
    good, bad, ignored = list[str](), list[str](), list[str]()
    fatal = ""
    done = indexes.parse(status.get("completedIndexes"), completions(job) or 0)
    for pod in pods:
        uid = pod["metadata"]["uid"]
        if uid in known_good or uid in known_bad or uid in released:
            continue
        if not is_uncounted(pod) or not _is_over(job, pod):
            continue
        if phase(pod) == "Succeeded":
            index = index_of(pod)
            if is_indexed(job) and (index is None or index in done):
                ignored.append(uid)
                continue
            done |= {index} if index is not None else set()
            good.append(uid)
            continue
        verdict = judge(job, pod)
        fatal = fatal or (verdict.message if verdict.action == "FailJob" else "")
        (ignored if verdict.action == "Ignore" else bad).append(uid)
    active = [pod for pod in pods if is_active(pod)]
    terminating = sum(is_terminating(pod) and not has_ended(pod) for pod in pods)
    succeeded = (
        len(done) if is_indexed(job) else int(status.get("succeeded") or 0) + len(known_good) + len(good)
    )
    failed = int(status.get("failed") or 0) + len(known_bad) + len(bad)
    return Tally(
        active, sum(map(is_ready, active)), terminating, succeeded, failed, done, good, bad, ignored, fatal
    )


def _is_over(job: Object, pod: Object) -> bool:
    """A deleted pod that no node ever had will not report its end; with a failure policy an end must be known."""
    if has_ended(pod):
        return True
    never_ran = is_terminating(pod) and not pod["spec"].get("nodeName")
    return never_ran and not job["spec"].get("podFailurePolicy")


def verdict(job: Object, found: Tally, now: datetime) -> tuple[str, str, str] | None:
    """(Complete or Failed, reason, message) when the Job is decided."""
    spec = job["spec"]
    if found.fatal:
        return "Failed", "PodFailurePolicy", found.fatal
    if found.failed > int(spec.get("backoffLimit", 6)) or _restarted_too_often(job, found):
        return "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit"
    left = seconds_left(job, now)
    if left is not None and left <= 0:
        return "Failed", "DeadlineExceeded", "Job was active longer than specified deadline"
    wanted = completions(job)
    if wanted is None:
        done = found.succeeded > 0 and not found.active and not found.terminating
    else:
        done = found.succeeded >= wanted
    return ("Complete", "CompletionsReached", "Reached expected number of succeeded pods") if done else None


def seconds_left(job: Object, now: datetime) -> float | None:
    """Of activeDeadlineSeconds; None where there is none, or the Job has not begun."""
    limit = job["spec"].get("activeDeadlineSeconds")
    began = parse((job.get("status") or {}).get("startTime"))
    if limit is None or began is None or job["spec"].get("suspend"):
        return None
    return (began + timedelta(seconds=int(limit)) - now).total_seconds()


def wanted_active(job: Object, found: Tally) -> int:
    """How many pods should be running."""
    if job["spec"].get("suspend"):
        return 0
    wanted = completions(job)
    if wanted is None:
        return len(found.active) if found.succeeded else parallelism(job)
    return max(0, min(parallelism(job), wanted - found.succeeded))


def free_indexes(job: Object, found: Tally, pods: Sequence[Object], count: int) -> list[int]:
    """The lowest that are neither done nor being worked on."""
    taken = {index_of(pod) for pod in pods if is_active(pod) or (is_uncounted(pod) and not has_ended(pod))}
    free = (each for each in range(completions(job) or 0) if each not in found.indexes and each not in taken)
    return [each for each, _ in zip(free, range(count), strict=False)]


def pause(job: Object, found: Tally, pods: Sequence[Object], now: datetime) -> float:
    """Seconds until a failed pod may be replaced: 10 s after the last failure, doubled with each in a row."""
    if not found.failed:
        return 0.0
    ends = [_ended_at(pod) for pod in pods if phase(pod) == "Failed"]
    last = max((each for each in ends if each is not None), default=None)
    if last is None:
        return 0.0
    length = min(_FIRST_PAUSE * 2.0 ** (min(found.failed, 20) - 1), _LONGEST_PAUSE)
    return max(0.0, (last + timedelta(seconds=length) - now).total_seconds())


def _ended_at(pod: Object) -> datetime | None:
    status = pod.get("status") or {}
    ends = [
        parse(((each.get("state") or {}).get("terminated") or {}).get("finishedAt"))
        for each in status.get("containerStatuses") or ()
    ]
    found = [each for each in ends if each is not None]
    return (
        max(found)
        if found
        else parse(pod["metadata"].get("deletionTimestamp"))
        or parse(pod["metadata"].get("creationTimestamp"))
    )


def _restarted_too_often(job: Object, found: Tally) -> bool:
    """With restartPolicy OnFailure the pods' containers are tried again in place."""
    spec = job["spec"]
    if (spec["template"]["spec"].get("restartPolicy")) != "OnFailure":
        return False
    total, limit = sum(map(restarts, found.active)), int(spec.get("backoffLimit", 6))
    return total > 0 and (total >= limit if limit else total > 0)
