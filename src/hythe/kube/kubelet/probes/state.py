"""The arithmetic of a probe: thresholds and delays, one state machine for all three kinds.

A result counts once it has come `successThreshold` or `failureThreshold` times in a row. Until then the verdict
before holds: a liveness probe begins with success, a readiness probe with failure, a startup probe with neither.
Source: pkg/kubelet/prober/worker.go of Kubernetes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hythe.kube.kubelet.pods.actions import Verdict
from hythe.kube.objects.types import Object

Kind = Literal["startup", "liveness", "readiness"]

FIELDS: dict[Kind, str] = {
    "startup": "startupProbe", "liveness": "livenessProbe", "readiness": "readinessProbe",
}  # fmt: skip
_FIRST: dict[Kind, Verdict] = {
    "startup": Verdict.UNKNOWN, "liveness": Verdict.SUCCESS, "readiness": Verdict.FAILURE,
}  # fmt: skip


@dataclass(frozen=True)
class Schedule:
    """Seconds and counts of a probe."""

    delay: int
    period: int
    timeout: int
    successes: int
    failures: int

    @classmethod
    def of(cls, probe: Object) -> Schedule:
        """With the API's defaults."""
        return cls(
            int(probe.get("initialDelaySeconds") or 0),
            int(probe.get("periodSeconds") or 10),
            int(probe.get("timeoutSeconds") or 1),
            int(probe.get("successThreshold") or 1),
            int(probe.get("failureThreshold") or 3),
        )


def held_before(pod: Object, container_id: str, kind: Kind) -> bool:
    """Whether the pod's status says that this very container has started, or is ready."""
    field = {"startup": "started", "readiness": "ready"}.get(kind)
    status = pod.get("status") or {}
    known = (*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ()))
    return field is not None and any(
        str(one.get("containerID", "")).rpartition("//")[2] == container_id and one.get(field)
        for one in known
    )


class Probe:
    """What the answers of one probe of one container have come to."""

    def __init__(self, kind: Kind, schedule: Schedule) -> None:
        self.kind = kind
        self.schedule = schedule
        self.verdict = _FIRST[kind]
        self._last: bool | None = None
        self._run = 0

    def answered(self, well: bool) -> bool:
        """Count an answer; whether the verdict has changed by it."""
        self._run = self._run + 1 if well is self._last else 1
        self._last = well
        if self._run < (self.schedule.successes if well else self.schedule.failures):
            return False
        before = self.verdict
        self.verdict = Verdict.SUCCESS if well else Verdict.FAILURE
        return self.verdict is not before

    @property
    def over(self) -> bool:
        """No more answers are wanted: it has started, or the container will be killed."""
        if self.kind == "readiness":
            return False
        if self.kind == "liveness":
            return self.verdict is Verdict.FAILURE
        return self.verdict is not Verdict.UNKNOWN
