"""Validation: why an object cannot be, told as Kubernetes tells it.

    create(object, resource)                        of a new object
    update(object, old, resource, subresource)      of a changed one; a write of the status looks at metadata alone

Both return `Cause`s, for `status.invalid(resource.qualified_kind, name, causes)`; none means that the object is good.
Objects are those of built-in kinds, decoded (`decode`) and with their defaults (`defaults`); name and namespace are in
the metadata by now, and whether a resourceVersion is needed is the caller's affair. Of custom resources the metadata
are looked at; their own schema does the rest elsewhere, as does `objects.custom.definition` for the definitions.

What a single field may hold is data (`checks.toml`); what is about several fields is a rule for the struct that has
them (`rules_*`); what may not change is in `updates` and `pod_updates`. The walk reaches a struct wherever it is:
what is said of a container holds in a Pod, a Deployment, a CronJob.
"""

from __future__ import annotations

from hythe.kube.objects.schema import gotypes
from hythe.kube.objects.schema.resources import Resource
from hythe.kube.objects.schema.validation import metadata, pod_updates, walk
from hythe.kube.objects.schema.validation.metadata import name_problems
from hythe.kube.objects.schema.validation.report import Report
from hythe.kube.objects.schema.validation.updates import UPDATES
from hythe.kube.objects.status import Cause
from hythe.kube.objects.types import Object

__all__ = ["create", "name_problems", "update"]

_ASIDE = ("metadata", "status")
_REVIEWS = ("authentication.k8s.io", "authorization.k8s.io")
_POD = "io.k8s.api.core.v1.Pod"
_UPDATES = {walk.full(name): compare for name, compare in UPDATES.items()}


def create(obj: Object, resource: Resource) -> list[Cause]:
    """Why a new object cannot be."""
    report = Report()
    if resource.group not in _REVIEWS:
        metadata.check_create(obj["metadata"], resource, report)
    _look(obj, resource, report)
    return report.causes


def update(obj: Object, old: Object, resource: Resource, subresource: str = "") -> list[Cause]:
    """Why an object cannot become what `obj` is. `subresource` is the one written to: "status", "scale", ..."""
    report = Report()
    metadata.check_update(obj["metadata"], old["metadata"], resource, report)
    if subresource == "ephemeralcontainers":
        pod_updates.ephemeral_containers(obj, old, report)
        _look(obj, resource, report, only="core.v1.EphemeralContainer")
    elif subresource in ("", "scale"):
        struct = gotypes.of_kind(resource.gvk)
        if struct is not None and struct.name == _POD:
            pod_updates.pod(obj, old, report)
            # The pod's rule is for new ones: by now there may be ephemeral containers.
            walk.check(obj["spec"], "io.k8s.api.core.v1.PodSpec", "spec", report)
        else:
            _look(obj, resource, report)
            if struct is not None and struct.name in _UPDATES:
                _UPDATES[struct.name](obj, old, report)
    return report.causes


def _look(obj: Object, resource: Resource, report: Report, *, only: str = "") -> None:
    struct = gotypes.of_kind(resource.gvk)
    if only:
        for index, one in enumerate(obj["spec"].get("ephemeralContainers", ())):
            walk.check(one, walk.full(only), f"spec.ephemeralContainers[{index}]", report)
    elif struct is not None:
        walk.check(obj, struct.name, "", report, skip=_ASIDE)
