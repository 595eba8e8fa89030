"""What a Job's tally means: whether it is decided, how many pods it wants, and which may be made when. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from hythe.kube.client.clock import parse
from hythe.kube.controllers.job import indexes
from hythe.kube.controllers.job.shape import (
    completions,
    failures_of,
    has_ended,
    index_of,
    is_uncounted,
    limit_per_index,
    parallelism,
)
from hythe.kube.controllers.job.tally import Tally
from hythe.kube.controllers.pods import is_active, phase, restarts
from hythe.kube.objects.types import Object

_FIRST_PAUSE: Final = 10.0
_LONGEST_PAUSE: Final = 600.0

Outcome = tuple[str, str, str]
"""(Complete or Failed, reason, message)"""


def verdict(job: Object, found: Tally, now: datetime) -> Outcome | None:
    """None: it is not decided."""
    return _failure(job, found, now) or _success(job, found)


def _failure(job: Object, found: Tally, now: datetime) -> Outcome | None:
    spec = job["spec"]
    if found.fatal:
        return "Failed", "PodFailurePolicy", found.fatal
    per_index = limit_per_index(job) is not None
    if found.failed > int(spec.get("backoffLimit", 2**31 - 1 if per_index else 6)) or _restarts_too_often(
        job, found
    ):
        return "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit"
    left = seconds_left(job, now)
    if left is not None and left <= 0:
        return "Failed", "DeadlineExceeded", "Job was active longer than specified deadline"
    most = spec.get("maxFailedIndexes")
    if most is not None and len(found.failed_indexes) > int(most):
        message = "Job has exceeded the specified maximal number of failed indexes"
        return "Failed", "MaxFailedIndexesExceeded", message
    if found.failed_indexes and found.succeeded + len(found.failed_indexes) >= (completions(job) or 0):
        return "Failed", "FailedIndexes", "Job has failed indexes"
    return None


def _success(job: Object, found: Tally) -> Outcome | None:
    for number, rule in enumerate((job["spec"].get("successPolicy") or {}).get("rules") or ()):
        if _meets(job, rule, found):
            return "Complete", "SuccessPolicy", f"Matched rules at index {number}"
    wanted = completions(job)
    if wanted is None:
        done = found.succeeded > 0 and not found.active and not found.terminating
    else:
        done = found.succeeded >= wanted
    return ("Complete", "CompletionsReached", "Reached expected number of succeeded pods") if done else None


def _meets(job: Object, rule: Object, found: Tally) -> bool:
    """A rule of successPolicy: these indexes, or so many of them, or so many of all."""
    listed = rule.get("succeededIndexes")
    among = found.indexes if listed is None else indexes.parse(listed, completions(job) or 0)
    needed = rule.get("succeededCount")
    done = len(among & found.indexes)
    return done >= (len(among) if needed is None else int(needed))


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
    return max(0, min(parallelism(job), wanted - found.succeeded - len(found.failed_indexes)))


def free_indexes(job: Object, found: Tally, pods: Sequence[Object]) -> list[int]:
    """Those that are neither done nor given up nor being worked on, the lowest first."""
    taken = {index_of(pod) for pod in pods if is_active(pod) or (is_uncounted(pod) and not has_ended(pod))}
    over = found.indexes | found.failed_indexes
    return [each for each in range(completions(job) or 0) if each not in over and each not in taken]


def failures_at(index: int, pods: Iterable[Object]) -> int:
    """How often an index has failed, by the pods that are still there."""
    return max(
        (failures_of(pod) + 1 for pod in pods if index_of(pod) == index and phase(pod) == "Failed"), default=0
    )


def pause(failures: int, pods: Iterable[Object], now: datetime) -> float:
    """Seconds until a failed pod may be replaced: 10 s after the last of `pods` ended, doubled with each failure."""
    ends = [_ended_at(pod) for pod in pods if phase(pod) == "Failed"]
    last = max((each for each in ends if each is not None), default=None)
    if last is None or not failures:
        return 0.0
    length = min(_FIRST_PAUSE * 2.0 ** (min(failures, 20) - 1), _LONGEST_PAUSE)
    return max(0.0, (last + timedelta(seconds=length) - now).total_seconds())


def due_indexes(
    job: Object, found: Tally, pods: Sequence[Object], now: datetime
) -> tuple[list[int], float | None]:
    """With a limit for each index, each waits for itself: those that may be made now, and when the next may."""
    due, waits = [], []
    for index in free_indexes(job, found, pods):
        mine = [pod for pod in pods if index_of(pod) == index]
        wait = pause(failures_at(index, mine), mine, now)
        if wait > 0:
            waits.append(wait)
        else:
            due.append(index)
    return due, min(waits, default=None)


def _ended_at(pod: Object) -> datetime | None:
    status, meta = pod.get("status") or {}, pod["metadata"]
    ends = [
        parse(((each.get("state") or {}).get("terminated") or {}).get("finishedAt"))
        for each in status.get("containerStatuses") or ()
    ]
    known = [each for each in ends if each is not None]
    return max(known) if known else parse(meta.get("deletionTimestamp") or meta.get("creationTimestamp"))


def _restarts_too_often(job: Object, found: Tally) -> bool:
    """With restartPolicy OnFailure the pods' containers are tried again in place."""
    spec = job["spec"]
    if spec["template"]["spec"].get("restartPolicy") != "OnFailure":
        return False
    total, limit = sum(map(restarts, found.active)), int(spec.get("backoffLimit", 6))
    return total > 0 and (total >= limit if limit else True)
