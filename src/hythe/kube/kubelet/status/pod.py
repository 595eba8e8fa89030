"""A pod's whole status, out of what the runtime has, what the probes say, and what was reported before.

A pure function; `Verdict`s and reasons of waiting come from the worker. A terminal phase is never left again.
Source: generateAPIPodStatus of Kubernetes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hythe.kube.kubelet.pods import parts
from hythe.kube.kubelet.pods.actions import usable
from hythe.kube.kubelet.status.conditions import conditions
from hythe.kube.kubelet.status.containers import (
    NOT_LOCATED,
    Facts,
    container_statuses,
    ephemeral_statuses,
    init_statuses,
)
from hythe.kube.kubelet.status.phase import any_main_started, phase
from hythe.kube.objects.types import Object

TERMINAL = ("Succeeded", "Failed")


class Failure(NamedTuple):
    """Why the kubelet itself has ended a pod: ("DeadlineExceeded", ...), ("Evicted", ...), ("OutOfcpu", ...)."""

    reason: str
    message: str


class Circumstances(NamedTuple):
    """What does not come from the runtime. `ended`: nothing will be started again; `finished`: all has ended."""

    now: str
    host_ips: Sequence[str]
    qos: str
    ended: bool = False
    finished: bool = False
    failure: Failure | None = None


def pod_status(facts: Facts, around: Circumstances) -> Object:
    """The `status` of `facts.pod`."""
    mains, inits = container_statuses(facts), init_statuses(facts)
    by_name = {one["name"]: one for one in [*inits, *mains]}
    if around.finished:
        _finish(facts.pod, by_name)
    found = phase(facts.pod, by_name, ended=around.ended)
    status: Object = {**_phase(facts, around, found)}
    usable_sandbox = usable(facts.pod, facts.seen)
    status["conditions"] = conditions(
        facts.pod,
        by_name,
        status["phase"],
        sandbox=usable_sandbox,
        old=facts.old.get("conditions") or [],
        now=around.now,
    )
    status.update(_addresses(facts, around))
    status["startTime"] = facts.old.get("startTime") or around.now
    status["containerStatuses"] = mains
    if inits:
        status["initContainerStatuses"] = inits
    if ephemeral := ephemeral_statuses(facts):
        status["ephemeralContainerStatuses"] = ephemeral
    status["qosClass"] = around.qos
    return status


def _phase(facts: Facts, around: Circumstances, found: str) -> Object:
    """Phase, and the reason and message that belong to it."""
    before = str(facts.old.get("phase") or "")
    if before in TERMINAL:
        found = before
    elif around.failure is not None:
        return {"phase": "Failed", **around.failure._asdict()}
    elif around.finished and found not in TERMINAL:
        found = "Failed"
    said: Object = {"phase": found}
    if found == before:
        said |= {key: facts.old[key] for key in ("reason", "message") if facts.old.get(key)}
    return said


def _addresses(facts: Facts, around: Circumstances) -> Object:
    found: Object = {}
    if around.host_ips:
        found["hostIP"] = around.host_ips[0]
        found["hostIPs"] = [{"ip": address} for address in around.host_ips]
    ips = list(facts.seen.ips)
    if parts.host_network(facts.pod):
        ips = list(around.host_ips)
    elif not ips:
        ips = [one["ip"] for one in facts.old.get("podIPs") or []] if around.ended else []
    if ips:
        found["podIP"] = ips[0]
        found["podIPs"] = [{"ip": address} for address in ips]
    return found


def _finish(pod: Object, by_name: dict[str, Object]) -> None:
    """At a pod's end, what never ran or is not known to have ended is said to have failed."""
    started = any_main_started(pod, by_name)
    for one in parts.containers(pod) if started or not parts.init_containers(pod) else []:
        status = by_name[one["name"]]
        if "terminated" not in status["state"]:
            status["state"] = {"terminated": dict(NOT_LOCATED)}
            status["ready"] = status["started"] = False
    for one in parts.sidecars(pod):
        status = by_name[one["name"]]
        if "running" in status["state"]:
            status["state"] = {"terminated": dict(NOT_LOCATED)}
            status["ready"] = status["started"] = False
