"""Control groups of pods: ROOT/burstable/podUID and the like, with the pod's own limits, around its containers.

The groups of the classes are made as the real kubelet makes them: Guaranteed pods are right below the root.
Both cgroup versions, by `hythe.kernel.cgroups`. With no root configured the runtime's own parent is used.
"""

from __future__ import annotations

import logging
from typing import Any

from hythe.errors import HytheError
from hythe.kernel.cgroups import Layout, detect
from hythe.kube.kubelet.pods import names
from hythe.kube.kubelet.pods.resources import BEST_EFFORT, BURSTABLE, PERIOD, pod_limits, qos_class
from hythe.kube.objects.types import Object

log = logging.getLogger("hythe.kubelet")


class PodGroups:
    """Below `root`, such as "/kubepods"; "" for none."""

    def __init__(self, root: str, layout: Layout | None = None) -> None:
        self._root = root.rstrip("/")
        self._layout = layout or (detect() if self._root else None)
        self._made: set[str] = set()

    def path(self, pod: Object) -> str:
        """The parent for the pod's sandbox."""
        if not self._root:
            return ""
        return self._of(qos_class(pod), names.uid(pod))

    def _of(self, qos: str, uid: str) -> str:
        between = {BURSTABLE: "/burstable", BEST_EFFORT: "/besteffort"}.get(qos, "")
        return f"{self._root}{between}/pod{uid}"

    def create(self, pod: Object) -> None:
        """With its limits; what the machine cannot limit is logged. Raises OSError."""
        path = self.path(pod)
        if self._layout is None or not path:
            return
        limits = pod_limits(pod)
        cpu: dict[str, Any] = {"shares": limits.cpu_shares}
        if limits.cpu_quota is not None:
            cpu |= {"quota": limits.cpu_quota, "period": PERIOD}
        wanted: dict[str, Any] = {"cpu": cpu}
        if limits.memory is not None:
            wanted["memory"] = {"limit": limits.memory}
        group = self._layout.group(path, wanted)
        group.create()
        try:
            for warning in group.limit(wanted):
                log.warning("control group %s: %s", path, warning)
        except HytheError as error:
            log.warning("control group %s has no limits: %s", path, error)

    def remove(self, pod: Object) -> None:
        """Whatever is left in it is killed."""
        if self._layout is None:
            return
        for qos in ("Guaranteed", BURSTABLE, BEST_EFFORT):
            group = self._layout.group(self._of(qos, names.uid(pod)))
            try:
                if group.processes():
                    group.kill()
                group.remove()
            except OSError as error:
                log.info("control group %s stays: %s", group.path, error)
