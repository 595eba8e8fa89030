"""Cells of what runs pods: replicas, jobs, autoscalers, quotas."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from hythe.kube.objects.schema.columns import humans
from hythe.kube.objects.types import Object


def ready_of_desired(obj: Object, now: datetime) -> str:
    return f"{obj['status'].get('readyReplicas', 0)}/{obj['spec'].get('replicas', 0)}"


def selector(obj: Object, now: datetime) -> str:
    return humans.selector(obj["spec"].get("selector"))


def job_selector(obj: Object, now: datetime) -> str:
    return humans.selector(obj["spec"]["jobTemplate"]["spec"].get("selector"))


def map_selector(obj: Object, now: datetime) -> str:
    """Of services and replication controllers, whose selector is a plain map."""
    return humans.labels(obj["spec"].get("selector"))


def template_node_selector(obj: Object, now: datetime) -> str:
    return humans.labels(obj["spec"]["template"]["spec"].get("nodeSelector"))


def controller(obj: Object, now: datetime) -> str:
    """Who owns a revision: `daemonset.apps/web`."""
    for owner in obj["metadata"].get("ownerReferences", ()):
        if owner.get("controller"):
            group = owner["apiVersion"].rpartition("/")[0]
            return f"{owner['kind'].lower()}{'.' if group else ''}{group}/{owner['name']}"
    return humans.NONE


# --- jobs


def job_status(obj: Object, now: datetime) -> str:
    held = {one["type"] for one in obj["status"].get("conditions", ()) if one.get("status") == "True"}
    for condition, word in (("Complete", "Complete"), ("Failed", "Failed")):
        if condition in held:
            return word
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return next((word for word in ("Suspended", "FailureTarget") if word in held), "Running")


def job_completions(obj: Object, now: datetime) -> str:
    spec, done = obj["spec"], obj["status"].get("succeeded", 0)
    if spec.get("completions") is not None:
        return f"{done}/{spec['completions']}"
    parallelism = spec.get("parallelism") or 0
    return f"{done}/1 of {parallelism}" if parallelism > 1 else f"{done}/1"


def job_duration(obj: Object, now: datetime) -> str:
    start, end = obj["status"].get("startTime"), obj["status"].get("completionTime")
    if not start:
        return ""
    return humans.since(start, humans.moment(end) if end else now)


def suspended(obj: Object, now: datetime) -> str:
    return {True: "True", False: "False"}.get(obj["spec"].get("suspend"), "<unset>")


def last_schedule(obj: Object, now: datetime) -> str:
    last = obj["status"].get("lastScheduleTime")
    return humans.since(last, now) if last else humans.NONE


# --- autoscalers


def scale_target(obj: Object, now: datetime) -> str:
    reference = obj["spec"]["scaleTargetRef"]
    return f"{reference.get('kind', '')}/{reference.get('name', '')}"


def scale_metrics(obj: Object, now: datetime) -> str:
    """What is measured and what is aimed at: `cpu: 10%/80%`, at most two of them."""
    spec, status = obj["spec"], obj["status"]
    if obj.get("apiVersion") == "autoscaling/v1":
        return _percentage(spec, status)
    metrics, current = spec.get("metrics", ()), status.get("currentMetrics", ())
    if not metrics:
        return humans.NONE
    shown = [_metric(one, current[i] if i < len(current) else {}) for i, one in enumerate(metrics)]
    text = ", ".join(shown[:2])
    return f"{text} + {len(shown) - 2} more..." if len(shown) > 2 else text


def _percentage(spec: Object, status: Object) -> str:
    target = spec.get("targetCPUUtilizationPercentage")
    if target is None:
        return humans.NONE
    now = status.get("currentCPUUtilizationPercentage")
    return f"cpu: {humans.UNKNOWN if now is None else f'{now}%'}/{target}%"


_SOURCES: Final = {
    "Resource": "resource",
    "ContainerResource": "containerResource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
}


def _metric(metric: Object, current: Object) -> str:
    key = _SOURCES.get(metric.get("type", ""), "")
    said, found = metric.get(key) or {}, (current.get(key) or {}).get("current") or {}
    target = said.get("target") or {}
    if key in ("resource", "containerResource"):
        return f"{said.get('name', '')}: {_resource(target, found)}"
    if target.get("averageValue") is not None:
        average = f"{found.get('averageValue', humans.UNKNOWN)}/{target['averageValue']}"
        return average if key == "pods" else f"{average} (avg)"
    return f"{found.get('value', humans.UNKNOWN)}/{target.get('value', '<auto>')}"


def _resource(target: Object, found: Object) -> str:
    if target.get("averageValue") is not None:
        return f"{found.get('averageValue', humans.UNKNOWN)}/{target['averageValue']}"
    used = found.get("averageUtilization")
    wanted = target.get("averageUtilization")
    shown = humans.UNKNOWN if used is None else f"{used}%"
    return f"{shown}/{'<auto>' if wanted is None else f'{wanted}%'}"


# --- quotas


def quota_requests(obj: Object, now: datetime) -> str:
    return _quota(obj, limits=False)


def quota_limits(obj: Object, now: datetime) -> str:
    return _quota(obj, limits=True)


def _quota(obj: Object, *, limits: bool) -> str:
    hard, used = obj["status"].get("hard", {}), obj["status"].get("used", {})
    names = [name for name in sorted(hard) if name.startswith("limits.") == limits]
    return ", ".join(f"{name}: {used.get(name, '0')}/{hard[name]}" for name in names)


CELLS: Final[dict[str, Callable[[Object, datetime], Any]]] = {
    one.__name__: one
    for one in (
        ready_of_desired, selector, job_selector, map_selector, template_node_selector, controller,
        job_status, job_completions, job_duration, suspended, last_schedule, scale_target, scale_metrics,
        quota_requests, quota_limits,
    )
}  # fmt: skip
