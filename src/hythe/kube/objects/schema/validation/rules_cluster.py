"""Nodes, events, service accounts, custom resource definitions.

Source: Kubernetes 1.32, pkg/apis/core/validation; apiextensions-apiserver, pkg/apis/apiextensions/validation. Kept out:
the schemas within a CustomResourceDefinition, which are compiled where custom resources are served.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hythe.kube.objects import names
from hythe.kube.objects.schema.validation import formats
from hythe.kube.objects.schema.validation.report import Report, strings
from hythe.kube.objects.types import Object

_CRD: Final = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition"


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


def definition(obj: Object, path: str, report: Report) -> None:
    spec = obj["spec"]
    plural, group = (spec.get("names") or {}).get("plural", ""), spec.get("group", "")
    if obj["metadata"].get("name") != f"{plural}.{group}":
        report.invalid(
            "metadata.name", obj["metadata"].get("name", ""), 'must be spec.names.plural+"."+spec.group'
        )
    if group and "." not in group:
        report.invalid("spec.group", group, "should be a domain with at least one dot")
    _versions(spec, report)
    _names(spec.get("names") or {}, report)


def _versions(spec: Object, report: Report) -> None:
    versions = spec.get("versions") or []
    stored = [one.get("name", "") for one in versions if one.get("storage")]
    if versions and len(stored) != 1:
        report.invalid(
            "spec.versions", _listed(versions), "must have exactly one version marked as storage version"
        )
    seen: set[str] = set()
    for index, one in enumerate(versions):
        name = one.get("name", "")
        if name in seen:
            report.invalid("spec.versions", _listed(versions), "must contain unique version names")
        seen.add(name)
        schema = (one.get("schema") or {}).get("openAPIV3Schema")
        if schema is None:
            report.required(f"spec.versions[{index}].schema.openAPIV3Schema", "schemas are required")
        elif schema.get("type") != "object":
            where = f"spec.versions[{index}].schema.openAPIV3Schema.type"
            report.invalid(where, schema.get("type", ""), "must be object at the root")


def _listed(versions: list[Object]) -> str:
    return strings(one.get("name", "") for one in versions)


def _names(said: Object, report: Report) -> None:
    for key in ("kind", "listKind"):
        value = said.get(key)
        if value:
            problems = names.dns1035_label(value.lower())
            if problems:
                report.invalid(
                    f"spec.names.{key}",
                    value,
                    f"may have mixed case, but should otherwise match: {','.join(problems)}",
                )
    if said.get("kind") and said.get("kind") == said.get("listKind"):
        report.invalid("spec.names.listKind", said["listKind"], "kind and listKind may not be the same")
    for index, short in enumerate(said.get("shortNames", ())):
        report.problems(f"spec.names.shortNames[{index}]", short, names.dns1035_label(short))


RULES: Final[dict[str, Callable[[Object, str, Report], None]]] = {
    "core.v1.Node": node,
    "core.v1.Event": event,
    _CRD: definition,
}
