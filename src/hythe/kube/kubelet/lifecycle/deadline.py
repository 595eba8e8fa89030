"""`activeDeadlineSeconds`: a pod that has been active for longer fails."""

from __future__ import annotations

from hythe.kube.kubelet.status.pod import TERMINAL, Failure
from hythe.kube.kubelet.status.times import SECOND, seconds_of
from hythe.kube.objects.types import Object

LATE = Failure("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")


def remaining(pod: Object, status: Object, now: int) -> float | None:
    """Seconds until then; None without a deadline. `now` is in nanoseconds."""
    allowed, since = pod["spec"].get("activeDeadlineSeconds"), status.get("startTime")
    if allowed is None or not since or status.get("phase") in TERMINAL:
        return None
    return seconds_of(since) + int(allowed) - now / SECOND


def exceeded(pod: Object, status: Object, now: int) -> Failure | None:
    left = remaining(pod, status, now)
    return LATE if left is not None and left <= 0 else None
