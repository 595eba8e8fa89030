"""Nodes and events.

Source: Kubernetes 1.32, pkg/apis/core/validation. Kept out: CustomResourceDefinitions, in `objects.custom.definition`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hythe.kube.objects import names
from hythe.kube.objects.schema.validation import formats
from hythe.kube.objects.schema.validation.report import Report
from hythe.kube.objects.types import Object

_LENGTHS: Final = {"reportingInstance": 128, "action": 128, "reason": 128, "message": 1024}


def node(obj: Object, path: str, report: Report) -> None:
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(obj["spec"].get("taints", ())):
        pair = (taint.get("key", ""), taint.get("effect", ""))
        if pair in seen:
            report.duplicate(f"spec.taints[{index}]", taint)
        seen.add(pair)
    for index, cidr in enumerate(obj["spec"].get("podCIDRs", ())):
        report.problems(f"spec.podCIDRs[{index}]", cidr, formats.cidr(cidr))


def event(obj: Object, path: str, report: Report) -> None:
    """An event is in the namespace of what it is about, or in `default` for what has none.

    One with an `eventTime` is of the new sort, and says who reports it and what was done.
    """
    about = (obj.get("involvedObject") or obj.get("regarding") or {}).get("namespace", "")
    own, new = obj["metadata"].get("namespace", ""), bool(obj.get("eventTime"))
    others = ("default", "kube-system") if new else ("", "default")
    if (about and about != own and not new) or (not about and own not in others):
        report.invalid("involvedObject.namespace", about, "does not match event.namespace")
    if new:
        key = "reportingComponent" if obj.get("apiVersion") == "v1" else "reportingController"
        reporter = obj.get(key, "")
        if not reporter:
            report.required(key)
        report.problems(key, reporter, names.qualified_name(reporter))
        for field, most in _LENGTHS.items():
            value = obj.get(field) or obj.get({"message": "note"}.get(field, field), "")
            if not value and field != "message":
                report.required(field)
            elif len(value) > most:
                report.invalid(field, "", f"can have at most {most} characters")


RULES: Final[dict[str, Callable[[Object, str, Report], None]]] = {
    "core.v1.Node": node,
    "core.v1.Event": event,
    "events.v1.Event": event,
}
