"""One object in another version of its resource, for the resources that are served in two.

    to(object, api version)    the object as that version has it; it may share parts with the one given

HorizontalPodAutoscalers are kept as autoscaling/v2. In v1 there is one metric, the processors' use; what v1 has no
field for stands in annotations, as JSON, in the form of v1's own MetricSpec, and comes back from there. Events are kept
in the core group; events.k8s.io has other names for the same fields.

Source: Kubernetes 1.32, pkg/apis/autoscaling/v1/conversion.go, pkg/apis/events/v1/conversion.go.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, Final

from hythe.kube.objects.types import Object

_ANNOTATION: Final = "autoscaling.alpha.kubernetes.io/"
_CPU: Final = "targetCPUUtilizationPercentage"
_CPU_NOW: Final = "currentCPUUtilizationPercentage"


def to(obj: Object, api_version: str) -> Object:
    """`obj` as `api_version` has it. An object of a kind with one version is only renamed."""
    source = (obj.get("kind"), obj.get("apiVersion"))
    if source[1] == api_version:
        return obj
    change = _CHANGES.get((*source, api_version))
    made = change(obj) if change else dict(obj)
    return {**made, "apiVersion": api_version}


# --- events

_EVENT: Final = (
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
)
_TO_NEW: Final = dict(_EVENT)
_TO_CORE: Final = {new: core for core, new in _EVENT}


def _renamed(names: dict[str, str]) -> Callable[[Object], Object]:
    return lambda obj: {names.get(key, key): value for key, value in obj.items()}


# --- autoscalers


def _to_v1(obj: Object) -> Object:
    spec, status, kept = dict(obj["spec"]), dict(obj.get("status") or {}), {}
    metrics = spec.pop("metrics", [])
    processor, others = _processor(metrics)
    if processor is not None:
        spec[_CPU] = processor["resource"]["target"]["averageUtilization"]
    if others:
        kept["metrics"] = [_flat_metric(one, "target") for one in others]
    if (behavior := spec.pop("behavior", None)) is not None:
        kept["behavior"] = behavior
    now, measured = _measured(status.pop("currentMetrics", []))
    if now is not None:
        status[_CPU_NOW] = now
    if measured:
        kept["current-metrics"] = measured
    if conditions := status.pop("conditions", []):
        kept["conditions"] = conditions
    return {**obj, "metadata": _annotated(obj["metadata"], kept), "spec": spec, "status": status}


def _to_v2(obj: Object) -> Object:
    spec, status = dict(obj["spec"]), dict(obj.get("status") or {})
    metadata, kept = _taken(obj["metadata"])
    metrics = [_full_metric(one, "target") for one in kept.get("metrics", ())]
    if (percent := spec.pop(_CPU, None)) is not None:
        target = {"type": "Utilization", "averageUtilization": percent}
        metrics.insert(0, {"type": "Resource", "resource": {"name": "cpu", "target": target}})
    if metrics:
        spec["metrics"] = metrics
    if "behavior" in kept:
        spec["behavior"] = kept["behavior"]
    current = [_full_metric(one, "current") for one in kept.get("current-metrics", ())]
    now = status.pop(_CPU_NOW, None)
    if now is not None and not any(_is_processor(one) for one in current):
        current.insert(
            0, {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": now}}}
        )
    if current:
        status["currentMetrics"] = current
    if "conditions" in kept:
        status["conditions"] = kept["conditions"]
    return {**obj, "metadata": metadata, "spec": spec, "status": status}


def _is_processor(metric: Object) -> bool:
    return metric.get("type") == "Resource" and (metric.get("resource") or {}).get("name") == "cpu"


def _processor(metrics: Iterable[Object]) -> tuple[Object | None, list[Object]]:
    """The metric that v1 has a field for, and the others."""
    found, others = None, []
    for one in metrics:
        percent = (
            _is_processor(one) and (one["resource"].get("target") or {}).get("averageUtilization") is not None
        )
        if percent and found is None:
            found = one
        else:
            others.append(one)
    return found, others


def _measured(current: Iterable[Object]) -> tuple[int | None, list[Object]]:
    """The use of the processors in per cent, and all that was measured, as v1 writes it."""
    listed = list(current)
    used = [
        one["resource"].get("current", {}).get("averageUtilization") for one in listed if _is_processor(one)
    ]
    return next((one for one in used if one is not None), None), [
        _flat_metric(one, "current") for one in listed
    ]


# v1 writes `target: {type, averageValue}` as `targetAverageValue`, and a metric's identifier as two fields.
_KEYS: Final = {
    "Resource": "resource",
    "ContainerResource": "containerResource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
}
_VALUES: Final = (
    ("averageUtilization", "AverageUtilization", "Utilization"),
    ("averageValue", "AverageValue", "AverageValue"),
    ("value", "Value", "Value"),
)


def _flat_metric(metric: Object, word: str) -> Object:
    key = _KEYS.get(metric.get("type", ""), "")
    if not key:
        return metric
    said = dict(metric.get(key) or {})
    amounts = said.pop(word, None) or {}
    named = said.pop("metric", None)
    if named is not None:
        said["metricName"] = named.get("name", "")
        if named.get("selector") is not None:
            said["metricSelector" if key == "external" else "selector"] = named["selector"]
    if "describedObject" in said:
        said["target"] = said.pop("describedObject")
    for name, flat, _ in _VALUES:
        if name in amounts:
            said[_flat_name(key, word, flat)] = amounts[name]
    return {"type": metric["type"], key: said}


def _flat_name(key: str, word: str, flat: str) -> str:
    """An Object's average alone has no `target` before it."""
    return "averageValue" if key == "object" and flat == "AverageValue" else f"{word}{flat}"


def _full_metric(metric: Object, word: str) -> Object:
    key = _KEYS.get(metric.get("type", ""), "")
    if not key:
        return metric
    said, amounts = dict(metric.get(key) or {}), {}
    if "metricName" in said:
        named: Object = {"name": said.pop("metricName")}
        selector = said.pop("metricSelector" if key == "external" else "selector", None)
        if selector is not None:
            named["selector"] = selector
        said["metric"] = named
    if key == "object" and "target" in said:
        said["describedObject"] = said.pop("target")
    for name, flat, kind in _VALUES:
        amount = said.pop(_flat_name(key, word, flat), None)
        if amount is not None:
            amounts[name] = amount
            if word == "target":
                amounts["type"] = kind
    said[word] = amounts
    return {"type": metric["type"], key: said}


def _annotated(metadata: Object, kept: dict[str, Any]) -> Object:
    if not kept:
        return metadata
    texts = {_ANNOTATION + name: json.dumps(value, separators=(",", ":")) for name, value in kept.items()}
    return {**metadata, "annotations": {**metadata.get("annotations", {}), **texts}}


def _taken(metadata: Object) -> tuple[Object, dict[str, Any]]:
    """Metadata without the annotations of a conversion, and what these held; what is no JSON is dropped."""
    left, kept = {}, {}
    for key, text in metadata.get("annotations", {}).items():
        name = key.removeprefix(_ANNOTATION)
        if name == key or name not in ("metrics", "behavior", "current-metrics", "conditions"):
            left[key] = text
            continue
        try:
            kept[name] = json.loads(text)
        except ValueError:
            continue
    made = {key: value for key, value in metadata.items() if key != "annotations"}
    return ({**made, "annotations": left} if left else made), kept


_HPA, _V1, _V2 = "HorizontalPodAutoscaler", "autoscaling/v1", "autoscaling/v2"
_CHANGES: Final[dict[tuple[Any, ...], Callable[[Object], Object]]] = {
    ("Event", "v1", "events.k8s.io/v1"): _renamed(_TO_NEW),
    ("Event", "events.k8s.io/v1", "v1"): _renamed(_TO_CORE),
    (_HPA, _V1, _V2): _to_v2,
    (_HPA, _V2, _V1): _to_v1,
}
