"""The next steps of a StatefulSet. Pure: what is there in, which pods to create and delete out.

With OrderedReady, one step at a time: ordinals come up from the lowest, each when those before it are running and
ready, and go down from the highest. With Parallel all that is missing is made at once and all that is too much
deleted. An update replaces pods from the highest ordinal to `partition`, one at a time, each when the one above it is
available.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from hythe.kube.controllers.pods import is_available, is_finished, is_ready, is_terminating, phase
from hythe.kube.controllers.statefulset.identity import ordinal, revision_of, start
from hythe.kube.objects.types import Object


class Step(NamedTuple):
    """`create`: ordinals, and whether they are of the update revision; `delete`: pods."""

    create: list[tuple[int, bool]]
    delete: list[Object]


class Pods(NamedTuple):
    """By ordinal: those that are wanted, and those that are beyond."""

    wanted: dict[int, Object]
    condemned: list[Object]


def sorted_out(owner: Object, pods: Sequence[Object]) -> Pods:
    first = start(owner)
    last = first + replicas(owner)
    wanted: dict[int, Object] = {}
    condemned = []
    for pod in pods:
        number = ordinal(owner, pod)
        if number is None:
            continue
        if first <= number < last:
            wanted[number] = pod
        else:
            condemned.append(pod)
    condemned.sort(key=lambda pod: ordinal(owner, pod) or 0, reverse=True)
    return Pods(wanted, condemned)


def replicas(owner: Object) -> int:
    return int(owner["spec"].get("replicas", 1))


def is_healthy(pod: Object) -> bool:
    return phase(pod) == "Running" and is_ready(pod) and not is_terminating(pod)


def next_step(owner: Object, pods: Sequence[Object], current: str, update: str, now: datetime) -> Step:
    """`current` and `update` are the names of the two revisions."""
    found = sorted_out(owner, pods)
    ordered = owner["spec"].get("podManagementPolicy", "OrderedReady") == "OrderedReady"
    step = Step([], [])
    if not _fill(owner, found, step, now, ordered=ordered, same=current == update):
        return step
    if not _condemn(found, step, ordered=ordered):
        return step
    if not step.create and not step.delete:
        _update(owner, found, step, update, now)
    return step


def _fill(owner: Object, found: Pods, step: Step, now: datetime, *, ordered: bool, same: bool) -> bool:
    """Bring up what is missing; False: that is all for now."""
    first = start(owner)
    for number in range(first, first + replicas(owner)):
        pod = found.wanted.get(number)
        if pod is None:
            step.create.append((number, same or _is_updated(owner, number)))
            if ordered:
                return False
        elif is_finished(pod):
            if not is_terminating(pod):
                step.delete.append(pod)
            if ordered:
                return False
        elif ordered and not _is_up(owner, pod, now):
            return False
    return True


def _condemn(found: Pods, step: Step, *, ordered: bool) -> bool:
    """Take down what is beyond, the highest first; False: that is all for now."""
    unhealthy = [pod for pod in found.condemned if not is_healthy(pod)]
    for pod in found.condemned:
        if is_terminating(pod):
            if ordered:
                return False
            continue
        if ordered and unhealthy and pod is not unhealthy[0] and not is_healthy(pod):
            return False
        step.delete.append(pod)
        if ordered:
            return False
    return True


def _update(owner: Object, found: Pods, step: Step, update: str, now: datetime) -> None:
    strategy = owner["spec"].get("updateStrategy") or {}
    if strategy.get("type", "RollingUpdate") != "RollingUpdate":
        return
    first = start(owner)
    lowest = first + partition(owner)
    for number in range(first + replicas(owner) - 1, lowest - 1, -1):
        pod = found.wanted.get(number)
        if pod is None:
            return
        if revision_of(pod) != update and not is_terminating(pod):
            step.delete.append(pod)
            return
        if not _is_up(owner, pod, now):
            return


def partition(owner: Object) -> int:
    rolling = (owner["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
    return int(rolling.get("partition") or 0)


def _is_updated(owner: Object, number: int) -> bool:
    """Is a pod that is made now of the new template? Those below the partition keep the old one."""
    strategy = owner["spec"].get("updateStrategy") or {}
    if strategy.get("type", "RollingUpdate") == "OnDelete":
        return True
    below = int((owner.get("status") or {}).get("currentReplicas") or 0)
    rolling = (strategy.get("rollingUpdate") or {}).get("partition")
    first = start(owner)
    return number >= first + (int(rolling) if rolling is not None else below)


def _is_up(owner: Object, pod: Object, now: datetime) -> bool:
    patience = int(owner["spec"].get("minReadySeconds") or 0)
    return is_healthy(pod) and is_available(pod, patience, now)
