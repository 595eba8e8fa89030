"""Roles, quotas, limits, disruption budgets, priorities.

Source: Kubernetes 1.32, pkg/apis/{rbac,core,policy,scheduling}/validation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hythe.kube.objects import names, quantity
from hythe.kube.objects.problems import strings
from hythe.kube.objects.schema.validation import formats
from hythe.kube.objects.schema.validation.report import MIN_ZERO, Report
from hythe.kube.objects.types import Object

_RBAC: Final = "rbac.authorization.k8s.io"
_HIGHEST: Final = 1_000_000_000


def role(obj: Object, path: str, report: Report) -> None:
    _rules(obj, namespaced=True, report=report)


def cluster_role(obj: Object, path: str, report: Report) -> None:
    if (obj.get("aggregationRule") or {}).get("clusterRoleSelectors") == [] and obj.get("aggregationRule"):
        report.required(
            "aggregationRule.clusterRoleSelectors",
            "at least one clusterRoleSelector required if aggregationRule is non-nil",
        )
    _rules(obj, namespaced=False, report=report)


def _rules(obj: Object, *, namespaced: bool, report: Report) -> None:
    for index, rule in enumerate(obj.get("rules") or ()):
        where, urls = f"rules[{index}]", rule.get("nonResourceURLs", [])
        if not rule.get("verbs"):
            report.required(f"{where}.verbs", "verbs must contain at least one value")
        if urls:
            if namespaced:
                detail = "namespaced rules cannot apply to non-resource URLs"
                report.invalid(f"{where}.nonResourceURLs", strings(urls), detail)
            if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
                detail = "rules cannot apply to both regular resources and non-resource URLs"
                report.invalid(f"{where}.nonResourceURLs", strings(urls), detail)
            continue
        if not rule.get("apiGroups"):
            report.required(f"{where}.apiGroups", "resource rules must supply at least one api group")
        if not rule.get("resources"):
            report.required(f"{where}.resources", "resource rules must supply at least one resource")


def role_binding(obj: Object, path: str, report: Report) -> None:
    _binding(obj, ["Role", "ClusterRole"], namespaced=True, report=report)


def cluster_role_binding(obj: Object, path: str, report: Report) -> None:
    _binding(obj, ["ClusterRole"], namespaced=False, report=report)


def _binding(obj: Object, kinds: list[str], *, namespaced: bool, report: Report) -> None:
    kind = obj["roleRef"].get("kind", "")
    if kind not in kinds:
        report.not_supported("roleRef.kind", kind, kinds)
    for index, subject in enumerate(obj.get("subjects") or ()):
        _subject(subject, f"subjects[{index}]", namespaced, report)


def _subject(obj: Object, path: str, namespaced: bool, report: Report) -> None:
    kind, name, group = obj.get("kind", ""), obj.get("name", ""), obj.get("apiGroup", "")
    if not name:
        report.required(f"{path}.name")
    if kind == "ServiceAccount":
        if name:
            report.problems(f"{path}.name", name, names.dns_subdomain(name))
        if group:
            report.not_supported(f"{path}.apiGroup", group, [""])
        if not obj.get("namespace") and not namespaced:
            report.required(f"{path}.namespace")
    elif kind in ("User", "Group"):
        if group != _RBAC:
            report.not_supported(f"{path}.apiGroup", group, [_RBAC])
    else:
        report.not_supported(f"{path}.kind", kind, ["ServiceAccount", "User", "Group"])


def quota_spec(obj: Object, path: str, report: Report) -> None:
    for name, amount in sorted((obj.get("hard") or {}).items()):
        where = f"{path}.hard[{name}]"
        report.problems(where, name, names.qualified_name(name))
        if quantity.parse(amount) < quantity.ZERO:
            report.invalid(where, amount, MIN_ZERO)
        elif _counted(name) and quantity.parse(amount).nano % quantity.NANO:
            report.invalid(where, amount, "must be an integer")


def _counted(name: str) -> bool:
    """Whether the resource is a number of objects."""
    plain = {"pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps"}
    return name in plain or name.startswith(("count/", "services.", "persistentvolumeclaims"))


def limit_range(obj: Object, path: str, report: Report) -> None:
    seen: set[str] = set()
    for index, item in enumerate(obj["spec"].get("limits", ())):
        where, kind = f"spec.limits[{index}]", item.get("type", "")
        if kind in seen:
            report.duplicate(f"{where}.type", kind)
        seen.add(kind)
        if kind == "Pod":
            for key in ("default", "defaultRequest"):
                if item.get(key):
                    report.forbidden(f"{where}.{key}", "may not be specified when `type` is 'Pod'")
        if kind == "PersistentVolumeClaim" and not {"min", "max"} & {key for key in item if item[key]}:
            report.required(
                f"{where}.limits",
                "either minimum or maximum storage value is required, but neither was provided",
            )
        _bounds(item, where, report)


_ORDERED: Final = (
    ("min", "max", "min", "min value {0} is greater than max value {1}"),
    ("min", "defaultRequest", "defaultRequest", "min value {0} is greater than default request value {1}"),
    ("defaultRequest", "max", "defaultRequest", "default request value {0} is greater than max value {1}"),
    (
        "defaultRequest",
        "default",
        "defaultRequest",
        "default request value {0} is greater than default limit value {1}",
    ),
    ("min", "default", "default", "min value {0} is greater than default value {1}"),
    ("default", "max", "default", "default value {0} is greater than max value {1}"),
)

# Kubernetes shows another value than that of the field it names.
_SHOWN: Final = {("min", "default"): "min", ("default", "max"): "max"}


def _bounds(item: Object, path: str, report: Report) -> None:
    amounts = {key: item.get(key) or {} for key in ("min", "max", "default", "defaultRequest")}
    for name in sorted({name for found in amounts.values() for name in found}):
        for lower, upper, told, words in _ORDERED:
            low, high = amounts[lower].get(name), amounts[upper].get(name)
            if low is not None and high is not None and quantity.parse(low) > quantity.parse(high):
                shown = _SHOWN.get((lower, upper), told)
                report.invalid(f"{path}.{told}[{name}]", amounts[shown][name], words.format(low, high))


def disruption_budget_spec(obj: Object, path: str, report: Report) -> None:
    least, most = obj.get("minAvailable"), obj.get("maxUnavailable")
    if least is not None and most is not None:
        report.invalid(path, obj, "minAvailable and maxUnavailable cannot be both set")
    for key, value in (("minAvailable", least), ("maxUnavailable", most)):
        if formats.is_percent(value) and int(str(value)[:-1]) > 100:
            report.invalid(f"{path}.{key}", value, "must not be greater than 100%")


def priority_class(obj: Object, path: str, report: Report) -> None:
    name, value = obj["metadata"].get("name", ""), obj.get("value", 0)
    if name.startswith("system-"):
        if name not in ("system-node-critical", "system-cluster-critical"):
            detail = (
                "priority class names with 'system-' prefix are reserved for system use only. error: "
                f"{name} is not a known system priority class"
            )
            report.forbidden("metadata.name", detail)
    elif value > _HIGHEST:
        report.forbidden("value", f"maximum allowed value of a user defined priority is {_HIGHEST}")


RULES: Final[dict[str, Callable[[Object, str, Report], None]]] = {
    "rbac.v1.Role": role,
    "rbac.v1.ClusterRole": cluster_role,
    "rbac.v1.RoleBinding": role_binding,
    "rbac.v1.ClusterRoleBinding": cluster_role_binding,
    "core.v1.ResourceQuotaSpec": quota_spec,
    "core.v1.LimitRange": limit_range,
    "policy.v1.PodDisruptionBudgetSpec": disruption_budget_spec,
    "scheduling.v1.PriorityClass": priority_class,
}
