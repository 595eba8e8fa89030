"""`containerStatuses` and its kin: from what the runtime has to what Kubernetes says of each container.

The newest instance of a container is its `state`, the one before its `lastState`. A container that is to be
started and could not be (a pull that fails, a crash loop) is *waiting*, for the reason that the worker keeps in
`Waiting`; what ran last becomes `lastState` then. What the runtime has forgotten is taken from the status that was
reported before. Source: convertToAPIContainerStatuses of Kubernetes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from hythe.kube.kubelet.cri.observed import ContainerRecord, Observed, State
from hythe.kube.kubelet.pods import parts
from hythe.kube.kubelet.pods.actions import Verdict
from hythe.kube.kubelet.status.times import stamp
from hythe.kube.objects.types import Object

NOT_LOCATED = {
    "exitCode": 137,
    "reason": "ContainerStatusUnknown",
    "message": "The container could not be located when the pod was terminated",
}
DELETED_WHILE_RUNNING = NOT_LOCATED | {
    "message": "The container could not be located when the pod was deleted.  The container used to be Running"
}


class Waiting(NamedTuple):
    """Why a container could not be started: CrashLoopBackOff, ErrImagePull, CreateContainerConfigError, ..."""

    reason: str
    message: str


class Readiness(Protocol):
    """What the probes say of one container; None where it has no such probe."""

    def readiness(self, container_id: str) -> Verdict | None: ...

    def startup(self, container_id: str) -> Verdict | None: ...


class Facts(NamedTuple):
    """What the statuses are made of. `messages`: last words by container id; `runtime`: "containerd", ..."""

    pod: Object
    seen: Observed
    old: Object
    waiting: Mapping[str, Waiting]
    messages: Mapping[str, str]
    probes: Readiness
    runtime: str


def container_statuses(facts: Facts) -> list[Object]:
    """Sorted by name, as Kubernetes does."""
    found = _statuses(facts, parts.containers(facts.pod), "containerStatuses")
    for one, status in zip(parts.containers(facts.pod), found, strict=True):
        _judge(one, status, facts.probes)
    return sorted(found, key=lambda status: str(status["name"]))


def init_statuses(facts: Facts) -> list[Object]:
    """In the order of the pod."""
    found = _statuses(facts, parts.init_containers(facts.pod), "initContainerStatuses")
    for one, status in zip(parts.init_containers(facts.pod), found, strict=True):
        if parts.is_sidecar(one):
            _judge(one, status, facts.probes)
            continue
        ended = status["state"].get("terminated")
        status["ready"] = bool(ended) and ended["exitCode"] == 0
        status["started"] = "running" in status["state"]
    return found


def ephemeral_statuses(facts: Facts) -> list[Object]:
    found = _statuses(facts, parts.ephemeral_containers(facts.pod), "ephemeralContainerStatuses")
    for status in found:
        status["ready"] = False
    return sorted(found, key=lambda status: str(status["name"]))


def _statuses(facts: Facts, wanted: Iterable[Object], field: str) -> list[Object]:
    old = {status["name"]: status for status in facts.old.get(field) or []}
    return [_status(facts, one, old.get(one["name"]), field) for one in wanted]


def _status(facts: Facts, one: Object, old: Object | None, field: str) -> Object:
    records = facts.seen.all_of(one["name"])
    status = _of_records(facts, records) if records else _unseen(facts, one, old, field)
    if mounts := _volume_mounts(one):
        status["volumeMounts"] = mounts
    if len(records) == 1 and old is not None and records[0].attempt:
        status["lastState"] = dict(old.get("lastState") or {})
    return _waits(facts, one, records[0] if records else None, status)


def _volume_mounts(one: Object) -> list[Object]:
    """As they are in effect; `recursiveReadOnly` is only said of those that are read-only."""
    found = []
    for mount in one.get("volumeMounts") or []:
        shown: Object = {"name": mount["name"], "mountPath": mount["mountPath"]}
        if mount.get("readOnly"):
            recursive = "Enabled" if mount.get("recursiveReadOnly") == "Enabled" else "Disabled"
            shown |= {"readOnly": True, "recursiveReadOnly": recursive}
        found.append(shown)
    return found


def _of_records(facts: Facts, records: list[ContainerRecord]) -> Object:
    newest = records[0]
    return {
        "name": newest.name,
        "state": _state(newest, facts),
        "lastState": _state(records[1], facts) if len(records) > 1 else {},
        "ready": False,
        "restartCount": newest.attempt,
        "image": newest.image,
        "imageID": newest.image_ref,
        "containerID": f"{facts.runtime}://{newest.id}",
    }


def _state(record: ContainerRecord, facts: Facts) -> Object:
    if record.state is State.RUNNING:
        return {"running": {"startedAt": stamp(record.started_at)}}
    if record.state is not State.EXITED:
        return {"waiting": {}}
    ended: Object = {
        "exitCode": record.exit_code,
        "reason": record.reason or ("Error" if record.exit_code else "Completed"),
        "startedAt": stamp(record.started_at),
        "finishedAt": stamp(record.finished_at),
        "containerID": f"{facts.runtime}://{record.id}",
    }
    if message := facts.messages.get(record.id) or record.message:
        ended["message"] = message
    return {"terminated": ended}


def _unseen(facts: Facts, one: Object, old: Object | None, field: str) -> Object:
    """Of a container that the runtime has nothing of."""
    if old is not None and "terminated" in (old.get("state") or {}):
        return {**old}
    has_inits = bool(parts.init_containers(facts.pod)) and field == "containerStatuses"
    reason = "PodInitializing" if has_inits or field == "initContainerStatuses" else "ContainerCreating"
    status: Object = {
        "name": one["name"],
        "state": {"waiting": {"reason": reason}},
        "lastState": dict((old or {}).get("lastState") or {}),
        "ready": False,
        "restartCount": int((old or {}).get("restartCount") or 0),
        "image": one.get("image", ""),
        "imageID": "",
    }
    if old is not None and "running" in (old.get("state") or {}) and not status["lastState"]:
        status["lastState"] = {"terminated": dict(DELETED_WHILE_RUNNING)}
        status["restartCount"] += not parts.deleted(facts.pod)
    return status


def _waits(facts: Facts, one: Object, latest: ContainerRecord | None, status: Object) -> Object:
    """A container that should run, does not, and for which a reason is known, waits for that reason."""
    if latest is not None and latest.state is State.RUNNING:
        return status
    if latest is not None and latest.exit_code == 0 and latest.state is State.EXITED:
        init_that_ended = one in parts.init_containers(facts.pod) and not parts.is_sidecar(one)
        if init_that_ended:
            return status
    why = facts.waiting.get(one["name"])
    if why is None or not parts.restarts(facts.pod, one, latest):
        return status
    if "terminated" in status["state"]:
        status["lastState"] = status["state"]
    said = {"reason": why.reason} | ({"message": why.message} if why.message else {})
    status["state"] = {"waiting": said}
    return status


def _judge(one: Object, status: Object, probes: Readiness) -> None:
    """`started` and `ready`, by the probes' results."""
    running = "running" in status["state"]
    identity = str(status.get("containerID") or "").rpartition("//")[2]
    startup = probes.startup(identity)
    status["started"] = running and (startup is Verdict.SUCCESS or not one.get("startupProbe"))
    readiness = probes.readiness(identity)
    status["ready"] = bool(
        status["started"] and (readiness is Verdict.SUCCESS or not one.get("readinessProbe"))
    )
