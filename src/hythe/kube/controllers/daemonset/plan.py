"""What a DaemonSet does next. Pure: nodes and pods in; nodes to start on, pods to delete, and the status out.

A rolling update deletes old pods while no more than maxUnavailable nodes are without an available one; with maxSurge
the new pod is started beside the old one, which goes when the new one is available.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from hythe.kube.controllers.daemonset.placement import fit, target_of
from hythe.kube.controllers.history import HASH
from hythe.kube.controllers.percent import scaled
from hythe.kube.controllers.pods import is_available, is_finished, is_ready, is_terminating, phase
from hythe.kube.objects.types import Object


class Step(NamedTuple):
    """`failed` pods are deleted too, and told of."""

    create: list[str]
    delete: list[Object]
    failed: list[Object]


def by_node(pods: Iterable[Object]) -> dict[str, list[Object]]:
    found: dict[str, list[Object]] = defaultdict(list)
    for pod in pods:
        found[target_of(pod)].append(pod)
    return found


def next_step(
    owner: Object, nodes: Sequence[Object], pods: Iterable[Object], revision: str, now: datetime
) -> Step:
    there = by_node(pods)
    step = Step([], [], [])
    for node in nodes:
        _settle(owner, node, there.get(node["metadata"]["name"], []), step, now)
    names = {node["metadata"]["name"] for node in nodes}
    for name, strays in there.items():
        if name not in names:
            step.delete.extend(
                pod for pod in strays if not is_terminating(pod) and not pod["spec"].get("nodeName")
            )
    if not step.create and not step.delete and not step.failed:
        _roll(owner, nodes, there, revision, step, now)
    return step


def _settle(owner: Object, node: Object, pods: list[Object], step: Step, now: datetime) -> None:
    """One pod where it should run, none where it must not."""
    run, stay = fit(owner, node)
    going = [pod for pod in pods if is_terminating(pod)]
    living = [pod for pod in pods if not is_terminating(pod)]
    if not stay:
        step.delete.extend(living)
        return
    step.failed.extend(pod for pod in living if phase(pod) == "Failed")
    ended = [pod for pod in living if phase(pod) == "Succeeded"]
    step.delete.extend(ended)
    running = sorted(
        (pod for pod in living if not is_finished(pod)),
        key=lambda pod: (not is_ready(pod), str(pod["metadata"].get("creationTimestamp", ""))),
    )
    if run and not pods:
        step.create.append(node["metadata"]["name"])
    elif len(running) > 1 and not surge(owner, 1):
        step.delete.extend(running[1:])
    elif going and not running:
        return


def surge(owner: Object, nodes: int) -> int:
    rolling = (owner["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
    return scaled(rolling.get("maxSurge"), nodes, up=True, default=0)


def unavailable(owner: Object, nodes: int) -> int:
    rolling = (owner["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
    return scaled(rolling.get("maxUnavailable"), nodes, up=True, default=1)


def _roll(
    owner: Object, nodes: Sequence[Object], there: dict[str, list[Object]], revision: str, step: Step,
    now: datetime,
) -> None:  # fmt: skip
    if (owner["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate") != "RollingUpdate":
        return
    wanted = [node["metadata"]["name"] for node in nodes if fit(owner, node).run]
    patience = int(owner["spec"].get("minReadySeconds") or 0)
    beside = surge(owner, len(wanted))
    room = beside or unavailable(owner, len(wanted))
    ready_to_go: list[Object] = []
    for name in wanted:
        living = [pod for pod in there.get(name, []) if not is_terminating(pod)]
        new = [pod for pod in living if _revision(pod) == revision]
        old = [pod for pod in living if _revision(pod) != revision]
        fresh = any(is_available(pod, patience, now) for pod in new)
        if beside:
            if new and fresh:
                step.delete.extend(old)
            elif new:
                room -= 1
            elif old and room > 0:
                step.create.append(name)
                room -= 1
        elif not any(is_available(pod, patience, now) for pod in living):
            room -= 1
            step.delete.extend(old)  # it serves nobody as it is
        elif old:
            ready_to_go.extend(old)
    if not beside:
        step.delete.extend(ready_to_go[: max(0, room)])


def status(
    owner: Object, nodes: Sequence[Object], pods: Iterable[Object], revision: str, now: datetime
) -> Object:
    there = by_node(pods)
    patience = int(owner["spec"].get("minReadySeconds") or 0)
    desired = scheduled = misplaced = ready = available = updated = 0
    for node in nodes:
        here = there.get(node["metadata"]["name"], [])
        if not fit(owner, node).run:
            misplaced += bool(here)
            continue
        desired += 1
        if not here:
            continue
        scheduled += 1
        best = min(here, key=lambda pod: (is_terminating(pod), not is_ready(pod)))
        ready += is_ready(best)
        available += is_available(best, patience, now)
        updated += any(_revision(pod) == revision for pod in here)
    numbers: Object = {
        "currentNumberScheduled": scheduled, "desiredNumberScheduled": desired, "numberMisscheduled": misplaced,
        "numberReady": ready, "numberAvailable": available, "numberUnavailable": desired - available,
        "updatedNumberScheduled": updated, "observedGeneration": owner["metadata"].get("generation", 0),
        "conditions": (owner.get("status") or {}).get("conditions"),
    }  # fmt: skip
    kept = ("currentNumberScheduled", "desiredNumberScheduled", "numberMisscheduled", "numberReady")
    return {name: value for name, value in numbers.items() if value or name in kept}


def _revision(pod: Object) -> str:
    return str((pod["metadata"].get("labels") or {}).get(HASH, ""))
