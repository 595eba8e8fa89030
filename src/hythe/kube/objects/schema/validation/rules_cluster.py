"""Nodes and events.

Source: Kubernetes 1.32, pkg/apis/core/validation. Kept out: CustomResourceDefinitions, in `objects.custom.definition`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hythe.kube.objects.schema.validation import formats
from hythe.kube.objects.schema.validation.report import Report
from hythe.kube.objects.types import Object


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
    """An event is in the namespace of what it is about, or in `default` for what has none."""
    about = (obj.get("involvedObject") or obj.get("regarding") or {}).get("namespace", "")
    key = "involvedObject" if "involvedObject" in obj else "regarding"
    own = obj["metadata"].get("namespace", "")
    if about and about != own:
        report.invalid(f"{key}.namespace", about, "does not match event.namespace")
    if not about and own not in ("", "default", "kube-system"):
        report.invalid(f"{key}.namespace", about, "does not match event.namespace")


RULES: Final[dict[str, Callable[[Object, str, Report], None]]] = {
    "core.v1.Node": node,
    "core.v1.Event": event,
}
