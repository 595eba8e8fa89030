"""A pod's phase: one word for where it is in its life, out of its containers' statuses.

Source: getPhase of Kubernetes; https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from hythe.kube.kubelet.pods import parts
from hythe.kube.objects.types import Object

Statuses = Mapping[str, Object]


def phase(pod: Object, statuses: Statuses, *, ended: bool = False) -> str:
    """`statuses`: of init and main containers, by name. `ended`: nothing of the pod will be started again."""
    inits, failed_init = _plain_inits(pod, statuses)
    counts = _sidecars(pod, statuses) + _mains(pod, statuses)
    if failed_init and parts.restart_policy(pod) == "Never":
        return "Failed"
    if inits or (counts["pending_sidecar"] and not any_main_started(pod, statuses)) or counts["waiting"]:
        return "Pending"
    if counts["unknown"]:
        return "Pending"
    if counts["running"]:
        return "Running"
    if not counts["stopped"]:
        return "Pending"
    return _all_stopped(pod, counts, ended)


def _all_stopped(pod: Object, counts: Counter[str], ended: bool) -> str:
    well = counts["stopped"] == counts["succeeded"]
    policy = parts.restart_policy(pod)
    if ended:
        return "Succeeded" if well else "Failed"
    if policy == "Always":
        return "Running"
    if well:
        return "Succeeded"
    return "Failed" if policy == "Never" else "Running"


def any_main_started(pod: Object, statuses: Statuses) -> bool:
    """Whether a main container runs or has run."""
    for one in parts.containers(pod):
        status = statuses.get(one["name"])
        if status is None:
            continue
        last = status.get("lastState") or {}
        state = status.get("state") or {}
        if status.get("started") or "running" in state or "terminated" in state or "terminated" in last:
            return True
    return False


def _plain_inits(pod: Object, statuses: Statuses) -> tuple[int, int]:
    """(how many have yet to end, how many have failed)."""
    pending = failed = 0
    for one in parts.init_containers(pod):
        if parts.is_sidecar(one):
            continue
        status = statuses.get(one["name"]) or {}
        state = status.get("state") or {}
        ended = state.get("terminated")
        if "waiting" in state:
            ended = (status.get("lastState") or {}).get("terminated")
        if ended is None:
            pending += 1
        elif ended["exitCode"]:
            failed += 1
        elif "waiting" in state:
            continue
    return pending, failed


def _sidecars(pod: Object, statuses: Statuses) -> Counter[str]:
    counts: Counter[str] = Counter()
    for one in parts.sidecars(pod):
        status = statuses.get(one["name"])
        state = (status or {}).get("state") or {}
        if status is None:
            counts["unknown"] += 1
        elif "running" in state:
            counts["pending_sidecar"] += not status.get("started")
            counts["running"] += 1
        elif "terminated" in state or "terminated" in (status.get("lastState") or {}):
            continue
        else:
            counts["pending_sidecar"] += 1
            counts["waiting"] += 1
    return counts


def _mains(pod: Object, statuses: Statuses) -> Counter[str]:
    counts: Counter[str] = Counter()
    for one in parts.containers(pod):
        status = statuses.get(one["name"])
        state = (status or {}).get("state") or {}
        if status is None:
            counts["unknown"] += 1
        elif "running" in state:
            counts["running"] += 1
        elif "terminated" in state:
            counts["stopped"] += 1
            counts["succeeded"] += state["terminated"]["exitCode"] == 0
        elif "terminated" in (status.get("lastState") or {}):
            counts["stopped"] += 1
        else:
            counts["waiting"] += 1
    return counts
