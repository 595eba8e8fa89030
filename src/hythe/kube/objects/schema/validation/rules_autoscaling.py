"""Autoscalers: bounds, exactly one source for each metric, what is aimed at, how fast they act.

Source: Kubernetes 1.32, pkg/apis/autoscaling/validation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hythe.kube.objects import quantity
from hythe.kube.objects.schema.validation import formats
from hythe.kube.objects.schema.validation.report import Report
from hythe.kube.objects.types import Object

_SOURCES: Final = {
    "Object": "object",
    "External": "external",
    "Pods": "pods",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}
_RESOURCES: Final = ("resource", "containerResource")
_LONGEST_WINDOW, _LONGEST_PERIOD = 3600, 1800


def autoscaler_spec(obj: Object, path: str, report: Report) -> None:
    least, most = obj.get("minReplicas"), obj.get("maxReplicas", 0)
    if least is not None and least < 1:
        report.invalid(f"{path}.minReplicas", least, "must be greater than or equal to 1")
    if most < 1:
        report.invalid(f"{path}.maxReplicas", most, "must be greater than 0")
    if least is not None and most < least:
        report.invalid(f"{path}.maxReplicas", most, "must be greater than or equal to `minReplicas`")


def metric(obj: Object, path: str, report: Report) -> None:
    """One source, which is that of the type."""
    wanted = _SOURCES.get(obj.get("type", ""))
    present = [source for source in _SOURCES.values() if obj.get(source) is not None]
    if wanted and wanted not in present:
        report.required(f"{path}.{wanted}", "must populate information for the given metric source")
    for source in present:
        if wanted and source != wanted:
            report.forbidden(f"{path}.{source}", "must populate the given metric source only")
    if wanted in present:
        _source(obj[wanted], f"{path}.{wanted}", str(wanted), report)


def _source(obj: Object, path: str, source: str, report: Report) -> None:
    target = obj.get("target") or {}
    whole, average, used = (target.get(key) for key in ("value", "averageValue", "averageUtilization"))
    if source in _RESOURCES:
        if source == "containerResource" and not obj.get("container"):
            report.required(f"{path}.container", "must specify a container")
        if used is None and average is None:
            report.required(
                f"{path}.target.averageUtilization",
                "must set either a target raw value or a target utilization",
            )
        elif used is not None and average is not None:
            report.forbidden(
                f"{path}.target.averageValue", "may not set both a target raw value and a target utilization"
            )
        return
    name = (obj.get("metric") or {}).get("name", "")
    if not name:
        report.required(f"{path}.metric.name", "must specify a metric name")
    report.problems(f"{path}.metric.name", name, formats.path_segment(name))
    if average is None and (source == "pods" or whole is None):
        report.required(f"{path}.target.averageValue", _NEEDED[source])
    if source == "external" and whole is not None and average is not None:
        detail = "may not set both a target value for metric and a per-pod target"
        report.forbidden(f"{path}.target.value", detail)


_NEEDED: Final = {
    "object": "must set either a target value or averageValue",
    "external": "must set either a target value for metric or a per-pod target",
    "pods": "must specify a positive target averageValue",
}


def target(obj: Object, path: str, report: Report) -> None:
    kind, used = obj.get("type", ""), obj.get("averageUtilization")
    if not kind:
        report.required(f"{path}.type", "must specify a metric target type")
    if kind not in ("Utilization", "Value", "AverageValue"):
        report.invalid(f"{path}.type", kind, "must be either Utilization, Value, or AverageValue")
    for key in ("value", "averageValue"):
        if obj.get(key) is not None and quantity.parse(obj[key]) <= quantity.ZERO:
            report.invalid(f"{path}.{key}", obj[key], "must be positive")
    if used is not None and used < 1:
        report.invalid(f"{path}.averageUtilization", used, "must be greater than 0")


def scaling_rules(obj: Object, path: str, report: Report) -> None:
    window, where = obj.get("stabilizationWindowSeconds"), f"{path}.stabilizationWindowSeconds"
    if window is not None and window < 0:
        report.invalid(where, window, "must be greater than or equal to zero")
    if window is not None and window > _LONGEST_WINDOW:
        report.invalid(where, window, f"must be less than or equal to {_LONGEST_WINDOW}")
    if not obj.get("policies"):
        report.required(f"{path}.policies", "must specify at least one Policy")


def scaling_policy(obj: Object, path: str, report: Report) -> None:
    kind, period = obj.get("type", ""), obj.get("periodSeconds", 0)
    if kind not in ("Percent", "Pods"):
        report.not_supported(f"{path}.type", kind, ["Percent", "Pods"])
    for key in ("value", "periodSeconds"):
        if obj.get(key, 0) <= 0:
            report.invalid(f"{path}.{key}", obj.get(key, 0), "must be greater than zero")
    if period > _LONGEST_PERIOD:
        report.invalid(f"{path}.periodSeconds", period, f"must be less than or equal to {_LONGEST_PERIOD}")


RULES: Final[dict[str, Callable[[Object, str, Report], None]]] = {
    "autoscaling.v1.HorizontalPodAutoscalerSpec": autoscaler_spec,
    "autoscaling.v2.HorizontalPodAutoscalerSpec": autoscaler_spec,
    "autoscaling.v2.MetricSpec": metric,
    "autoscaling.v2.MetricTarget": target,
    "autoscaling.v2.HPAScalingRules": scaling_rules,
    "autoscaling.v2.HPAScalingPolicy": scaling_policy,
}
