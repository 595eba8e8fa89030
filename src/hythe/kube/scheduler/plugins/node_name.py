"""NodeName: a pod that names its node goes there only. (Such a pod needs no scheduler, but preemption asks too.)"""

from __future__ import annotations

from hythe.kube.scheduler.plugins.contract import Check, refused
from hythe.kube.scheduler.state import PodInfo, State

_REASON = "node(s) didn't match the requested node name"


def prepare(pod: PodInfo, _state: State) -> Check | None:
    wanted = pod.pod["spec"].get("nodeName")
    if not wanted:
        return None
    return lambda node: None if node.name == wanted else refused(_REASON, lasting=True)
