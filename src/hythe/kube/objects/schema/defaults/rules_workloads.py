"""Defaults of workloads, autoscaling, policies and extensions that depend on other fields.

Each function fills in one struct, in place, before the constants of that struct and before what is inside of it.
Source: Kubernetes 1.32, pkg/apis/{apps,batch,autoscaling,networking,...}/*/defaults.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hythe.kube.objects.types import Object

_MOST: Final = 2**31 - 1


def rolling(obj: Object) -> None:
    """A strategy that rolls has its parameters."""
    if (obj.get("type") or "RollingUpdate") == "RollingUpdate" and obj.get("rollingUpdate") is None:
        obj["rollingUpdate"] = {}


def stateful_set_spec(obj: Object) -> None:
    """Claims in a template are whole objects, and say so."""
    for claim in obj.get("volumeClaimTemplates", ()):
        claim.update(apiVersion="v1", kind="PersistentVolumeClaim")


def job(obj: Object) -> None:
    labels = obj["spec"]["template"]["metadata"].get("labels")
    if labels and not obj["metadata"].get("labels"):
        obj["metadata"]["labels"] = dict(labels)
    _job_spec(obj["spec"])


def _job_spec(spec: Object) -> None:
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    spec.setdefault("backoffLimit", 6 if spec.get("backoffLimitPerIndex") is None else _MOST)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    spec.setdefault(
        "podReplacementPolicy", "Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed"
    )
    spec.setdefault("manualSelector", False)


def autoscaler(obj: Object) -> None:
    """Without a metric, 80 % of the processors asked for; a behaviour that is begun is completed."""
    if not obj.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        obj["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    behavior = obj.get("behavior")
    if behavior is not None:
        up = behavior.setdefault("scaleUp", {})
        up.setdefault("stabilizationWindowSeconds", 0)
        _scaling(up, [("Pods", 4, 15), ("Percent", 100, 15)])
        _scaling(behavior.setdefault("scaleDown", {}), [("Percent", 100, 15)])


def _scaling(rules: Object, policies: list[tuple[str, int, int]]) -> None:
    rules.setdefault("selectPolicy", "Max")
    if not rules.get("policies"):
        rules["policies"] = [
            {"type": kind, "value": value, "periodSeconds": period} for kind, value, period in policies
        ]


def network_policy_spec(obj: Object) -> None:
    """A policy is about what comes in, and about what goes out if it says something of it."""
    if not obj.get("policyTypes"):
        obj["policyTypes"] = ["Ingress", "Egress"] if obj.get("egress") else ["Ingress"]


def custom_resource_definition(obj: Object) -> None:
    """Names that follow from the kind; the first status lists the versions stored."""
    names = obj["spec"]["names"]
    if names.get("kind"):
        names.setdefault("singular", names["kind"].lower())
        names.setdefault("listKind", f"{names['kind']}List")


def priority_level_spec(obj: Object) -> None:
    if obj.get("type") == "Exempt":
        obj.setdefault("exempt", {})


def limited_level(obj: Object) -> None:
    response = obj.setdefault("limitResponse", {"type": "Reject"})
    if response.get("type") == "Queue":
        response.setdefault("queuing", {})


RULES: Final[dict[str, Callable[[Object], None]]] = {
    "apps.v1.DeploymentStrategy": rolling,
    "apps.v1.StatefulSetUpdateStrategy": rolling,
    "apps.v1.DaemonSetUpdateStrategy": rolling,
    "apps.v1.StatefulSetSpec": stateful_set_spec,
    "batch.v1.Job": job,
    "autoscaling.v2.HorizontalPodAutoscalerSpec": autoscaler,
    "networking.v1.NetworkPolicySpec": network_policy_spec,
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition": custom_resource_definition,
    "flowcontrol.v1.PriorityLevelConfigurationSpec": priority_level_spec,
    "flowcontrol.v1.LimitedPriorityLevelConfiguration": limited_level,
}
