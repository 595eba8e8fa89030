"""What the registry, not a controller, writes into new Jobs and gated pods.

A Job finds its pods by labels with its own uid, unless spec.manualSelector says that its author chose them. A pod with
scheduling gates says from its first moment why it is not scheduled.

Source: Kubernetes, pkg/registry/batch/job/strategy.go and pkg/registry/core/pod/strategy.go.
"""

from __future__ import annotations

from typing import Final

from hythe.kube.apiserver.admission.chain import Plugin, Review
from hythe.kube.objects.types import Object

_UID: Final = "controller-uid"
_NAME: Final = "job-name"
_PREFIX: Final = "batch.kubernetes.io/"
_GATED: Final[Object] = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "SchedulingGated",
    "message": "Scheduling is blocked due to non-empty scheduling gates",
}


class JobSelectors(Plugin):
    async def admit(self, review: Review) -> None:
        if review.resource == "jobs.batch" and review.operation == "CREATE":
            generate_selector(review.obj)


class SchedulingGates(Plugin):
    async def admit(self, review: Review) -> None:
        if (
            review.resource == "pods"
            and review.operation == "CREATE"
            and review.obj["spec"].get("schedulingGates")
        ):
            status = review.obj.setdefault("status", {})
            at = review.obj["metadata"]["creationTimestamp"]
            status["conditions"] = [{**_GATED, "lastProbeTime": None, "lastTransitionTime": at}]


def generate_selector(job: Object) -> None:
    """Labels that the author gave the template stay as they are."""
    spec, meta = job["spec"], job["metadata"]
    if spec.get("manualSelector"):
        return
    template = spec["template"].setdefault("metadata", {})
    ours = {
        _UID: meta["uid"], f"{_PREFIX}{_UID}": meta["uid"],
        _NAME: meta["name"], f"{_PREFIX}{_NAME}": meta["name"],
    }  # fmt: skip
    template["labels"] = {**ours, **(template.get("labels") or {})}
    selector = spec.setdefault("selector", {})
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), f"{_PREFIX}{_UID}": meta["uid"]}
