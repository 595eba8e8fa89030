"""Reading a Pod: which containers it has, of which sort, and what restarts.

Source: core/v1 PodSpec; a sidecar is an init container with `restartPolicy: Always` (KEP-753).
"""

from __future__ import annotations

from collections.abc import Iterator

from hythe.kube.kubelet.cri.observed import ContainerRecord, State
from hythe.kube.objects.types import Object


def containers(pod: Object) -> list[Object]:
    return list(pod["spec"].get("containers") or [])


def init_containers(pod: Object) -> list[Object]:
    return list(pod["spec"].get("initContainers") or [])


def ephemeral_containers(pod: Object) -> list[Object]:
    return list(pod["spec"].get("ephemeralContainers") or [])


def every_container(pod: Object) -> Iterator[Object]:
    """Of all three sorts, in the order in which they start."""
    yield from init_containers(pod)
    yield from containers(pod)
    yield from ephemeral_containers(pod)


def container(pod: Object, name: str) -> Object | None:
    return next((one for one in every_container(pod) if one["name"] == name), None)


def is_sidecar(one: Object) -> bool:
    return one.get("restartPolicy") == "Always"


def sidecars(pod: Object) -> list[Object]:
    return [one for one in init_containers(pod) if is_sidecar(one)]


def restart_policy(pod: Object) -> str:
    return str(pod["spec"].get("restartPolicy") or "Always")


def restarts_on_failure(pod: Object) -> bool:
    return restart_policy(pod) != "Never"


def host_network(pod: Object) -> bool:
    return bool(pod["spec"].get("hostNetwork"))


def deleted(pod: Object) -> bool:
    return bool(pod["metadata"].get("deletionTimestamp"))


def grace_period(pod: Object) -> int:
    """Seconds between TERM and KILL: those of the deletion, else the pod's own, else 30."""
    asked = pod["metadata"].get("deletionGracePeriodSeconds")
    if asked is None:
        asked = pod["spec"].get("terminationGracePeriodSeconds")
    return 30 if asked is None else int(asked)


def is_terminal(pod: Object) -> bool:
    """Whether its phase says that nothing of it will ever run again."""
    return (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded")


def restarts(pod: Object, one: Object, latest: ContainerRecord | None) -> bool:
    """Whether a container, of whose instances `latest` is the newest, is to be started (again)."""
    if deleted(pod):
        return False
    if latest is None or latest.state in (State.UNKNOWN, State.CREATED):
        return True
    if latest.state is State.RUNNING:
        return False
    if is_sidecar(one):
        return True
    policy = restart_policy(pod)
    return policy == "Always" or (policy == "OnFailure" and latest.exit_code != 0)
