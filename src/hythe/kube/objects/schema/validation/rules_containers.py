"""Containers: image, ports, environment, probes, hooks, resources.

Source: Kubernetes 1.32, pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hythe.kube.objects import names, quantity
from hythe.kube.objects.schema.validation.report import MIN_ZERO, Report
from hythe.kube.objects.types import Object

_STANDARD: Final = {"cpu", "memory", "ephemeral-storage"}
_FRACTIONS: Final = {"cpu", "memory", "ephemeral-storage"}
_FIELD_PATHS: Final = {
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
    "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
}  # fmt: skip
_VOLUME_PATHS: Final = {
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
}
_RESOURCES: Final = {
    "limits.cpu", "limits.ephemeral-storage", "limits.memory",
    "requests.cpu", "requests.ephemeral-storage", "requests.memory",
}  # fmt: skip
_SUBSCRIPTED: Final = ("metadata.annotations", "metadata.labels")


def container(obj: Object, path: str, report: Report) -> None:
    if not obj.get("image"):
        report.required(f"{path}.image")
    seen: set[str] = set()
    for index, port in enumerate(obj.get("ports", ())):
        name = port.get("name")
        if name and name in seen:
            report.duplicate(f"{path}.ports[{index}].name", name)
        seen.add(name or "")
    for key in ("livenessProbe", "startupProbe"):
        probe = obj.get(key)
        if probe and probe.get("successThreshold", 1) != 1:
            report.invalid(f"{path}.{key}.successThreshold", probe["successThreshold"], "must be 1")
    readiness = obj.get("readinessProbe") or {}
    if readiness.get("terminationGracePeriodSeconds") is not None:
        value = readiness["terminationGracePeriodSeconds"]
        report.invalid(
            f"{path}.readinessProbe.terminationGracePeriodSeconds",
            value,
            "must not be set for readinessProbes",
        )
    _privileges(obj.get("securityContext") or {}, f"{path}.securityContext", report)


def _privileges(context: Object, path: str, report: Report) -> None:
    if context.get("allowPrivilegeEscalation") is False:
        if context.get("privileged"):
            detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
            report.invalid(path, context, detail)
        if "CAP_SYS_ADMIN" in (context.get("capabilities") or {}).get("add", ()):
            detail = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
            report.invalid(path, context, detail)


# --- environment


def variable(obj: Object, path: str, report: Report) -> None:
    source = obj.get("valueFrom")
    if source is None:
        return
    where = f"{path}.valueFrom"
    if obj.get("value"):
        report.invalid(where, "", "may not be specified when `value` is not empty")
        return
    kinds = [
        key
        for key in ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef")
        if source.get(key) is not None
    ]
    if not kinds:
        known = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
        report.invalid(where, "", known)
    elif len(kinds) > 1:
        report.invalid(where, "", "may not have more than one field specified at a time")
    if source.get("fieldRef") is not None:
        field_reference(source["fieldRef"], f"{where}.fieldRef", _FIELD_PATHS, report)
    if source.get("resourceFieldRef") is not None:
        _resource_reference(source["resourceFieldRef"], f"{where}.resourceFieldRef", report)


def variables_from(obj: Object, path: str, report: Report) -> None:
    kinds = [key for key in ("configMapRef", "secretRef") if obj.get(key) is not None]
    if not kinds:
        report.invalid(path, "", "must specify one of: `configMapRef` or `secretRef`")
    elif len(kinds) > 1:
        report.invalid(path, "", "may not have more than one field specified at a time")


def field_reference(obj: Object, path: str, known: set[str], report: Report) -> None:
    """A field of the pod itself; labels and annotations one by one, `metadata.labels['app']`."""
    wanted = obj.get("fieldPath", "")
    if not wanted:
        report.required(f"{path}.fieldPath")
        return
    base, bracket, rest = wanted.partition("[")
    if bracket and base in _SUBSCRIPTED:
        key = rest.removesuffix("]").strip("'\"")
        report.problems(path, key, names.qualified_name(key.lower() if base.endswith("annotations") else key))
    elif bracket:
        report.invalid(f"{path}.fieldPath", wanted, "does not support subscript")
    elif wanted not in known:
        report.not_supported(f"{path}.fieldPath", wanted, sorted(known))


def _resource_reference(obj: Object, path: str, report: Report) -> None:
    resource = obj.get("resource", "")
    if not resource:
        report.required(f"{path}.resource")
    elif resource not in _RESOURCES and not resource.startswith(("limits.hugepages-", "requests.hugepages-")):
        report.not_supported(f"{path}.resource", resource, sorted(_RESOURCES))


def downward_file(obj: Object, path: str, report: Report) -> None:
    field, resource = obj.get("fieldRef"), obj.get("resourceFieldRef")
    if field is not None:
        field_reference(field, f"{path}.fieldRef", _VOLUME_PATHS, report)
        if resource is not None:
            report.invalid(
                path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"
            )
    elif resource is None:
        report.required(path, "one of fieldRef and resourceFieldRef is required")
    else:
        if not resource.get("containerName"):
            report.required(f"{path}.resourceFieldRef.containerName")
        _resource_reference(resource, f"{path}.resourceFieldRef", report)


# --- probes and hooks


def probe(obj: Object, path: str, report: Report) -> None:
    _handler(obj, path, ("exec", "httpGet", "tcpSocket", "grpc"), report)


def hook(obj: Object, path: str, report: Report) -> None:
    _handler(obj, path, ("exec", "httpGet", "tcpSocket", "sleep"), report)


def _handler(obj: Object, path: str, kinds: tuple[str, ...], report: Report) -> None:
    found = [kind for kind in kinds if obj.get(kind) is not None]
    for kind in found[1:]:
        report.forbidden(f"{path}.{kind}", "may not specify more than 1 handler type")
    if not found:
        report.required(path, "must specify a handler type")


# --- resources


def resources(obj: Object, path: str, report: Report) -> None:
    limits, requests = obj.get("limits") or {}, obj.get("requests") or {}
    for key, amounts in (("limits", limits), ("requests", requests)):
        for name, amount in sorted(amounts.items()):
            resource_name(name, f"{path}.{key}", report)
            check_amount(name, amount, f"{path}.{key}[{name}]", report)
    for name, amount in sorted(requests.items()):
        if name in limits:
            _within(name, amount, limits[name], f"{path}.requests", report)
        elif not _may_exceed(name):
            report.required(f"{path}.limits", "Limit must be set for non overcommitable resources")


def _within(name: str, request: str, limit: str, path: str, report: Report) -> None:
    asked, most = quantity.parse(request), quantity.parse(limit)
    if not _may_exceed(name) and asked != most:
        report.invalid(path, request, f"must be equal to {name} limit of {limit}")
    elif asked > most:
        report.invalid(path, request, f"must be less than or equal to {name} limit of {limit}")


def _may_exceed(name: str) -> bool:
    """Whether more may be promised than there is: not of huge pages, nor of what plug-ins offer."""
    return name in _STANDARD or (
        name.partition("/")[0].endswith("kubernetes.io") and not name.startswith("hugepages-")
    )


def resource_name(name: str, path: str, report: Report) -> None:
    """A standard name, or one with a domain before it."""
    problems = names.qualified_name(name)
    report.problems(path, name, problems)
    if problems or "/" in name or name in _STANDARD or name.startswith("hugepages-"):
        return
    report.invalid(path, name, "must be a standard resource type or fully qualified")
    report.invalid(path, name, "must be a standard resource for containers")


def check_amount(name: str, amount: str, path: str, report: Report) -> None:
    found = quantity.parse(amount)
    if found < quantity.ZERO:
        report.invalid(path, amount, MIN_ZERO)
    elif name not in _FRACTIONS and found.nano % quantity.NANO and "/" in name:
        report.invalid(path, amount, "must be an integer")


RULES: Final[dict[str, Callable[[Object, str, Report], None]]] = {
    "core.v1.Container": container,
    "core.v1.EnvVar": variable,
    "core.v1.EnvFromSource": variables_from,
    "core.v1.DownwardAPIVolumeFile": downward_file,
    "core.v1.Probe": probe,
    "core.v1.LifecycleHandler": hook,
    "core.v1.ResourceRequirements": resources,
}
