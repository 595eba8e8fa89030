"""What of a pod may change: images, deadlines, more tolerations; on a subresource, its ephemeral containers.

Source: Kubernetes 1.32, ValidatePodUpdate and ValidatePodEphemeralContainersUpdate.
"""

from __future__ import annotations

import copy
from typing import Any, Final

from hythe.kube.objects.schema.validation.formats import between
from hythe.kube.objects.schema.validation.report import Report
from hythe.kube.objects.schema.validation.updates import difference
from hythe.kube.objects.types import Object

_MAY_CHANGE: Final = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` "
    "(only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
    "previously negative)"
)


def pod(new: Object, old: Object, report: Report) -> None:
    now, was = new["spec"], old["spec"]
    for key in ("containers", "initContainers"):
        if len(now.get(key, ())) != len(was.get(key, ())):
            report.forbidden(f"spec.{key}", "pod updates may not add or remove containers")
            return
    _deadline(now, was, report)
    _tolerations(now, was, report)
    _gates(now, was, report)
    told = _alike(now, was)
    if told != was:
        report.forbidden(
            "spec", f"pod updates may not change fields other than {_MAY_CHANGE}\n{difference(was, told)}"
        )


def _alike(now: Object, was: Object) -> Object:
    """The new spec with the old values of all that may change."""
    told = copy.deepcopy(now)
    for key in ("containers", "initContainers"):
        for one, other in zip(told.get(key, ()), was.get(key, ()), strict=True):
            one["image"] = other.get("image", "")
    for key in ("activeDeadlineSeconds", "tolerations", "schedulingGates"):
        _take(told, was, key)
    if was.get("schedulingGates"):
        for key in ("nodeSelector", "affinity"):
            _take(told, was, key)
    grace, before = now.get("terminationGracePeriodSeconds"), was.get("terminationGracePeriodSeconds")
    if before is not None and before < 0 and grace == 1:
        told["terminationGracePeriodSeconds"] = before
    return told


def _take(told: Object, was: Object, key: str) -> None:
    told.pop(key, None)
    if key in was:
        told[key] = was[key]


def _deadline(now: Object, was: Object, report: Report) -> None:
    """A deadline may be set, or come nearer."""
    after, before = now.get("activeDeadlineSeconds"), was.get("activeDeadlineSeconds")
    path = "spec.activeDeadlineSeconds"
    if before is not None and after is None:
        report.invalid(path, after, "must not update from a positive integer to nil value")
    elif after is not None and not 0 <= after < 2**31:
        report.invalid(path, after, between(0, 2**31 - 1))
    elif before is not None and after > before:
        report.invalid(path, after, "must be less than or equal to previous value")


def _tolerations(now: Object, was: Object, report: Report) -> None:
    def key(one: Object) -> tuple[Any, ...]:
        return tuple(one.get(part) for part in ("key", "operator", "value", "effect"))

    kept = {key(one) for one in now.get("tolerations", ())}
    if any(key(one) not in kept for one in was.get("tolerations", ())):
        detail = "existing toleration can not be modified except its tolerationSeconds"
        report.forbidden("spec.tolerations", detail)


def _gates(now: Object, was: Object, report: Report) -> None:
    """Gates are only ever taken away."""
    before = [one.get("name") for one in was.get("schedulingGates", ())]
    for index, gate in enumerate(now.get("schedulingGates", ())):
        if gate.get("name") not in before:
            report.forbidden(
                f"spec.schedulingGates[{index}].name", "only deletion is allowed, but found new scheduling gate "
                f"'{gate.get('name', '')}'",
            )  # fmt: skip


def ephemeral_containers(new: Object, old: Object, report: Report) -> None:
    """Ephemeral containers are added, never changed and never taken away."""
    now = {one.get("name"): one for one in new["spec"].get("ephemeralContainers", ())}
    for one in old["spec"].get("ephemeralContainers", ()):
        name = one.get("name")
        if name not in now:
            detail = f'existing ephemeral containers "{name}" may not be removed\n'
            report.forbidden("spec.ephemeralContainers", detail)
        elif now[name] != one:
            report.forbidden(
                "spec.ephemeralContainers", f'existing ephemeral containers "{name}" may not be changed\n'
            )
