"""A Job's status: counters, times, conditions in Kubernetes' words. Pure."""

from __future__ import annotations

from datetime import datetime

from hythe.kube.client.cache import copied
from hythe.kube.client.clock import timestamp
from hythe.kube.controllers.job import indexes
from hythe.kube.controllers.job.shape import is_indexed, limit_per_index
from hythe.kube.controllers.job.tally import Tally
from hythe.kube.objects.types import Object


def with_fresh(job: Object, found: Tally) -> Object:
    """The status in which newly finished pods are written down, before their finalizers are taken off."""
    status = copied(job.get("status") or {})
    pending = status.get("uncountedTerminatedPods") or {}
    good = [*(pending.get("succeeded") or ()), *([] if is_indexed(job) else found.fresh_succeeded)]
    bad = [*(pending.get("failed") or ()), *found.fresh_failed]
    status["uncountedTerminatedPods"] = {
        name: uids for name, uids in (("succeeded", good), ("failed", bad)) if uids
    }
    if is_indexed(job):
        _with_indexes(job, status, found)
        status["succeeded"] = len(found.indexes)
    return status


def _with_indexes(job: Object, status: Object, found: Tally) -> None:
    status["completedIndexes"] = indexes.text(found.indexes)
    if limit_per_index(job) is not None:
        status["failedIndexes"] = indexes.text(found.failed_indexes)


def counted(job: Object, found: Tally) -> Object:
    """The status when all finished pods have been let go."""
    status = copied(job.get("status") or {})
    numbers = {
        "active": len(found.active), "ready": found.ready, "terminating": found.terminating,
        "succeeded": found.succeeded, "failed": found.failed,
    }  # fmt: skip
    for name, value in numbers.items():
        status.pop(name, None)
        if value or name in ("ready", "terminating"):
            status[name] = value
    status["uncountedTerminatedPods"] = {}
    if is_indexed(job):
        _with_indexes(job, status, found)
    if not status.get("completedIndexes"):
        status.pop("completedIndexes", None)
    return status


def put(status: Object, kind: str, truth: str, reason: str, message: str, now: datetime) -> Object:
    """With a condition; one that stands already in that state keeps its times."""
    conditions = list(status.get("conditions") or ())
    for each in conditions:
        if each["type"] == kind and (each["status"], each.get("reason")) == (truth, reason):
            return status
    at = timestamp(now)
    new = {
        "type": kind, "status": truth, "reason": reason, "message": message, "lastProbeTime": at,
        "lastTransitionTime": at,
    }  # fmt: skip
    return {**status, "conditions": [*(each for each in conditions if each["type"] != kind), new]}


def decided(status: Object, outcome: tuple[str, str, str], now: datetime, *, final: bool) -> Object:
    """First that it is decided; Complete or Failed only when all its pods have ended (`final`)."""
    kind, reason, message = outcome
    early = "SuccessCriteriaMet" if kind == "Complete" else "FailureTarget"
    status = put(status, early, "True", reason, message, now)
    if final:
        status = put(status, kind, "True", reason, message, now)
        if kind == "Complete":
            status.setdefault("completionTime", timestamp(now))
    return status


def suspended(job: Object, status: Object, now: datetime) -> Object:
    """The condition Suspended, and the time at which the Job began, which counts anew when it is resumed."""
    known = next((each for each in status.get("conditions") or () if each["type"] == "Suspended"), None)
    if job["spec"].get("suspend"):
        status = put(status, "Suspended", "True", "JobSuspended", "Job suspended", now)
        return {name: value for name, value in status.items() if name != "startTime"}
    if known is not None and known["status"] == "True":
        status = put(status, "Suspended", "False", "JobResumed", "Job resumed", now)
        return {**status, "startTime": timestamp(now)}
    return {"startTime": timestamp(now), **status}
