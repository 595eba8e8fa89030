"""What a pod's status says: active, ready, available, finished. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from hythe.kube.client.clock import parse
from hythe.kube.objects.types import Object


def phase(pod: Object) -> str:
    return str((pod.get("status") or {}).get("phase", ""))


def is_finished(pod: Object) -> bool:
    """Its containers have ended for good."""
    return phase(pod) in ("Succeeded", "Failed")


def is_terminating(pod: Object) -> bool:
    return bool(pod["metadata"].get("deletionTimestamp"))


def is_active(pod: Object) -> bool:
    """It counts as a replica."""
    return not is_finished(pod) and not is_terminating(pod)


def condition(body: Object, kind: str) -> Object | None:
    """A condition of any object's status, by type."""
    for each in (body.get("status") or {}).get("conditions") or ():
        if each.get("type") == kind:
            found: Object = each
            return found
    return None


def is_ready(pod: Object) -> bool:
    found = condition(pod, "Ready")
    return found is not None and found.get("status") == "True"


def ready_since(pod: Object) -> datetime | None:
    """None: it is not ready, or does not say since when."""
    found = condition(pod, "Ready")
    if found is None or found.get("status") != "True":
        return None
    return parse(found.get("lastTransitionTime"))


def is_available(pod: Object, min_ready_seconds: int, now: datetime) -> bool:
    """Ready for at least so long."""
    if not is_ready(pod):
        return False
    if not min_ready_seconds:
        return True
    since = ready_since(pod)
    return since is not None and since + timedelta(seconds=min_ready_seconds) <= now


def restarts(pod: Object) -> int:
    """The most that one of its containers has been restarted."""
    found = (pod.get("status") or {}).get("containerStatuses") or ()
    return max((int(each.get("restartCount", 0)) for each in found), default=0)
