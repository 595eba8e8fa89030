"""The arithmetic of a PodDisruptionBudget. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from hythe.kube.client.clock import parse, timestamp
from hythe.kube.controllers.percent import scaled
from hythe.kube.objects.types import Object

_FORGET: Final = timedelta(seconds=120)


class Count(NamedTuple):
    """`expected`: how many pods there should be; `desired`: how many of them must be healthy."""

    expected: int
    desired: int


def needs_scale(budget: Object) -> bool:
    """Does it count against what the pods' controllers want, and not against the pods that are there?"""
    spec = budget["spec"]
    return spec.get("maxUnavailable") is not None or isinstance(spec.get("minAvailable"), str)


def count(budget: Object, expected: int) -> Count:
    """`expected`: the scales of the controllers, or the number of pods."""
    spec = budget["spec"]
    if spec.get("maxUnavailable") is not None:
        return Count(expected, max(0, expected - scaled(spec["maxUnavailable"], expected, up=True)))
    return Count(expected, scaled(spec.get("minAvailable"), expected, up=True, default=1))


def still_disrupted(budget: Object, pods: Mapping[str, Object], now: datetime) -> dict[str, str]:
    """Evictions that were allowed and are not seen yet; after two minutes one has not happened."""
    kept = {}
    for name, at in ((budget.get("status") or {}).get("disruptedPods") or {}).items():
        moment = parse(at)
        pod = pods.get(name)
        if pod is None or pod["metadata"].get("deletionTimestamp") or moment is None:
            continue
        if moment + _FORGET > now:
            kept[name] = at
    return kept


def status(budget: Object, found: Count, healthy: int, disrupted: dict[str, str], now: datetime) -> Object:
    """The whole status."""
    allowed = max(0, healthy - found.desired) if found.expected > 0 else 0
    made: Object = {
        "disruptionsAllowed": allowed, "currentHealthy": healthy, "desiredHealthy": found.desired,
        "expectedPods": found.expected, "observedGeneration": budget["metadata"].get("generation", 0),
        "conditions": _conditions(budget, allowed, now),
    }  # fmt: skip
    return made | ({"disruptedPods": disrupted} if disrupted else {})


def _conditions(budget: Object, allowed: int, now: datetime) -> list[Object]:
    known = (budget.get("status") or {}).get("conditions") or []
    truth, reason = ("True", "SufficientPods") if allowed > 0 else ("False", "InsufficientPods")
    before = next((each for each in known if each["type"] == "DisruptionAllowed"), None)
    since = (
        before["lastTransitionTime"] if before is not None and before["status"] == truth else timestamp(now)
    )
    new = {
        "type": "DisruptionAllowed", "status": truth, "reason": reason, "message": "",
        "observedGeneration": budget["metadata"].get("generation", 0), "lastTransitionTime": since,
    }  # fmt: skip
    return [*(each for each in known if each["type"] != "DisruptionAllowed"), new]
