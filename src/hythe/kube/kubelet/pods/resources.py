"""Requests and limits: a pod's class of service, and what they come to in control groups.

CPU shares from requests (2 at least), a CFS quota from limits (1 ms at least, period 100 ms), memory's limit, and
`oom_score_adj`: -997 for Guaranteed, 1000 for BestEffort, and between for Burstable, the lower the more was asked
for. Source: pkg/kubelet/qos, pkg/kubelet/cm/helpers_linux.go of Kubernetes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Final, NamedTuple

from hythe.kube.kubelet.pods import parts
from hythe.kube.kubelet.pods.quantities import amount
from hythe.kube.objects.types import Object

GUARANTEED: Final = "Guaranteed"
BURSTABLE: Final = "Burstable"
BEST_EFFORT: Final = "BestEffort"

PERIOD: Final = 100_000
SMALLEST_SHARES: Final = 2
LARGEST_SHARES: Final = 262_144
SMALLEST_QUOTA: Final = 1_000


class Limits(NamedTuple):
    """For a control group; None is "none". `cpu_quota` is in microseconds a `PERIOD`, memory in bytes."""

    cpu_shares: int
    cpu_quota: int | None
    memory: int | None


def given(container: Object, sort: str, resource: str) -> Decimal | None:
    """`sort` is requests or limits; a request that is not given is the limit."""
    resources = container.get("resources") or {}
    found = (resources.get(sort) or {}).get(resource)
    if found is None and sort == "requests":
        found = (resources.get("limits") or {}).get(resource)
    return None if found is None else amount(found)


def qos_class(pod: Object) -> str:
    """Guaranteed: every container has cpu and memory limits that equal its requests. BestEffort: none has any."""
    some = False
    guaranteed = True
    for one in [*parts.init_containers(pod), *parts.containers(pod)]:
        for resource in ("cpu", "memory"):
            request, limit = given(one, "requests", resource), given(one, "limits", resource)
            some = some or bool(request) or bool(limit)
            guaranteed = guaranteed and bool(limit) and request == limit
    if not some:
        return BEST_EFFORT
    return GUARANTEED if guaranteed else BURSTABLE


def shares(cpu: Decimal | None) -> int:
    """CPU shares of so many cores."""
    if not cpu:
        return SMALLEST_SHARES
    return min(max(int(cpu * 1024), SMALLEST_SHARES), LARGEST_SHARES)


def quota(cpu: Decimal | None) -> int | None:
    return None if not cpu else max(int(cpu * PERIOD), SMALLEST_QUOTA)


def container_limits(container: Object) -> Limits:
    memory = given(container, "limits", "memory")
    return Limits(
        shares(given(container, "requests", "cpu")),
        quota(given(container, "limits", "cpu")),
        math.ceil(memory) if memory else None,
    )


def oom_score_adj(pod: Object, container: Object, memory_capacity: int) -> int:
    """How soon the kernel kills it when the node's memory, of so many bytes, runs out."""
    if pod["spec"].get("priorityClassName") in ("system-node-critical",):
        return -997
    match qos_class(pod):
        case "Guaranteed":
            return -997
        case "BestEffort":
            return 1000
    request = given(container, "requests", "memory") or Decimal(0)
    score = 1000 - int(1000 * request / memory_capacity) if memory_capacity else 1000
    if score < 1000 + -997:
        return 1000 + -997
    return 999 if score == 1000 else score


def effective(pod: Object, sort: str, resource: str) -> Decimal | None:
    """What a pod as a whole asks for: main containers and sidecars together, or the largest init container.

    For limits None unless every container that counts has one.
    """
    mains = _sum(parts.containers(pod), sort, resource)
    if mains is None:
        return None
    running = Decimal(0)
    largest = Decimal(0)
    for one in parts.init_containers(pod):
        value = given(one, sort, resource)
        if value is None:
            if sort == "limits":
                return None
            value = Decimal(0)
        if parts.is_sidecar(one):
            running += value
            largest = max(largest, running)
        else:
            largest = max(largest, running + value)
    overhead = (pod["spec"].get("overhead") or {}).get(resource)
    return max(mains + running, largest) + (amount(overhead) if overhead else 0)


def _sum(containers: Iterable[Object], sort: str, resource: str) -> Decimal | None:
    total = Decimal(0)
    for one in containers:
        value = given(one, sort, resource)
        if value is None and sort == "limits":
            return None
        total += value or 0
    return total


def pod_limits(pod: Object) -> Limits:
    """For the pod's own group, around those of its containers."""
    memory = effective(pod, "limits", "memory")
    if qos_class(pod) == BEST_EFFORT:
        return Limits(SMALLEST_SHARES, None, None)
    return Limits(
        shares(effective(pod, "requests", "cpu")),
        quota(effective(pod, "limits", "cpu")),
        math.ceil(memory) if memory else None,
    )
