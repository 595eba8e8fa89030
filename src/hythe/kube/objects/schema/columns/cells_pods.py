"""Cells of pods and their templates. The status of a pod in one word is the work of `kubectl get pods`:

the phase, unless a container says more: the init container that is at work (`Init:0/1`) or failed (`Init:Error`), why
a container waits (`CrashLoopBackOff`) or ended (`Completed`, `Error`, `ExitCode:3`); `Terminating` above all.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, NamedTuple

from hythe.kube.objects.schema.columns import humans
from hythe.kube.objects.types import Object


class _Summary(NamedTuple):
    reason: str
    ready: int
    total: int
    restarts: int
    last_restart: str  # when a container was last ended to be restarted, or nothing


def age(obj: Object, now: datetime) -> str:
    return humans.since(obj["metadata"].get("creationTimestamp"), now)


def pod_ready(obj: Object, now: datetime) -> str:
    found = _summary(obj)
    return f"{found.ready}/{found.total}"


def pod_status(obj: Object, now: datetime) -> str:
    return _summary(obj).reason


def pod_restarts(obj: Object, now: datetime) -> str:
    found = _summary(obj)
    if found.restarts and found.last_restart:
        return f"{found.restarts} ({humans.since(found.last_restart, now)} ago)"
    return str(found.restarts)


def pod_ip(obj: Object, now: datetime) -> str:
    status = obj.get("status", {})
    addresses = [one.get("ip", "") for one in status.get("podIPs", ())] or [status.get("podIP", "")]
    return addresses[0] or humans.NONE


def readiness_gates(obj: Object, now: datetime) -> str:
    gates = {one["conditionType"] for one in obj["spec"].get("readinessGates", ())}
    if not gates:
        return humans.NONE
    return f"{sum(_condition(obj, gate) for gate in gates)}/{len(gates)}"


def _condition(obj: Object, kind: str) -> bool:
    conditions = obj.get("status", {}).get("conditions", ())
    return any(one.get("type") == kind and one.get("status") == "True" for one in conditions)


def _summary(obj: Object) -> _Summary:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    sidecars = {c["name"] for c in spec.get("initContainers", ()) if c.get("restartPolicy") == "Always"}
    total = len(spec.get("containers", ())) + len(sidecars)
    reason = status.get("reason") or _gated(status) or status.get("phase", "")
    counted = _Counted()
    initial = _initializing(spec, status, sidecars, counted)
    reason = initial or reason
    if not initial or _condition(obj, "Initialized"):
        counted.forget_initial()
        reason = _running(obj, status, reason, counted)
    return _Summary(_ending(obj, status, reason), counted.ready, total, counted.restarts, counted.last)


def _gated(status: Object) -> str:
    for one in status.get("conditions", ()):
        if one.get("type") == "PodScheduled" and one.get("reason") == "SchedulingGated":
            return "SchedulingGated"
    return ""


class _Counted:
    """Restarts and ready containers, counted as they are gone through; those of sidecars apart."""

    def __init__(self) -> None:
        self.ready = self.restarts = self.sidecar_restarts = 0
        self.last = self.sidecar_last = ""

    def add(self, status: Object, *, sidecar: bool = False) -> None:
        restarts = status.get("restartCount", 0)
        ended = (status.get("lastState", {}).get("terminated") or {}).get("finishedAt", "")
        self.restarts += restarts
        self.last = max(self.last, ended)
        if sidecar:
            self.sidecar_restarts += restarts
            self.sidecar_last = max(self.sidecar_last, ended)

    def forget_initial(self) -> None:
        """Once the pod runs, the restarts of its init containers are past; those of sidecars are not."""
        self.restarts, self.last = self.sidecar_restarts, self.sidecar_last


def _initializing(spec: Object, status: Object, sidecars: set[str], counted: _Counted) -> str:
    """`Init:...` of the first init container that is not done; empty once all are."""
    for index, one in enumerate(status.get("initContainerStatuses", ())):
        sidecar = one["name"] in sidecars
        counted.add(one, sidecar=sidecar)
        state = one.get("state", {})
        ended, waiting = state.get("terminated"), state.get("waiting") or {}
        if ended is not None and not ended.get("exitCode"):
            continue
        if sidecar and one.get("started"):
            counted.ready += bool(one.get("ready"))
            continue
        if ended is not None:
            return f"Init:{_ended(ended)}"
        if waiting.get("reason") not in (None, "", "PodInitializing"):
            return f"Init:{waiting['reason']}"
        return f"Init:{index}/{len(spec.get('initContainers', ()))}"
    return ""


def _ended(ended: Object) -> str:
    if ended.get("reason"):
        return str(ended["reason"])
    return f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode', 0)}"


def _running(obj: Object, status: Object, reason: str, counted: _Counted) -> str:
    """What the first container that is not well says, or else the phase."""
    runs = False
    for one in reversed(status.get("containerStatuses", ())):
        counted.add(one)
        state = one.get("state", {})
        if (state.get("waiting") or {}).get("reason"):
            reason = state["waiting"]["reason"]
        elif state.get("terminated") is not None:
            reason = _ended(state["terminated"])
        elif one.get("ready") and state.get("running") is not None:
            runs = True
            counted.ready += 1
    if reason == "Completed" and runs:
        return "Running" if _condition(obj, "Ready") else "NotReady"
    return reason


def _ending(obj: Object, status: Object, reason: str) -> str:
    if not obj["metadata"].get("deletionTimestamp"):
        return reason
    if status.get("reason") == "NodeLost":
        return "Unknown"
    return reason if status.get("phase") in ("Succeeded", "Failed") else "Terminating"


# --- templates


def _names(pod_spec: Object, key: str) -> str:
    return ",".join(one.get(key, "") for one in pod_spec.get("containers", ()))


def _template(obj: Object) -> Object:
    return (obj["spec"].get("template") or {}).get("spec") or {}


def containers(obj: Object, now: datetime) -> str:
    return _names(_template(obj), "name")


def images(obj: Object, now: datetime) -> str:
    return _names(_template(obj), "image")


def job_containers(obj: Object, now: datetime) -> str:
    return containers(obj["spec"]["jobTemplate"], now)


def job_images(obj: Object, now: datetime) -> str:
    return images(obj["spec"]["jobTemplate"], now)


def template_containers(obj: Object, now: datetime) -> str:
    return _names(obj["template"]["spec"], "name")


def template_images(obj: Object, now: datetime) -> str:
    return _names(obj["template"]["spec"], "image")


def template_labels(obj: Object, now: datetime) -> str:
    return humans.labels(obj["template"]["metadata"].get("labels"))


CELLS: Final[dict[str, Callable[[Object, datetime], Any]]] = {
    one.__name__: one
    for one in (
        age, pod_ready, pod_status, pod_restarts, pod_ip, readiness_gates, containers, images,
        job_containers, job_images, template_containers, template_images, template_labels,
    )
}  # fmt: skip
