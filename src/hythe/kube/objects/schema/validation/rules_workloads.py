"""What makes pods: the selector must fit the template, and the template's pods must fit the kind.

Source: Kubernetes 1.32, pkg/apis/apps/validation, pkg/apis/batch/validation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hythe.kube.objects import labels
from hythe.kube.objects.problems import Verbatim, label_selector, string_map
from hythe.kube.objects.schema.validation import formats
from hythe.kube.objects.schema.validation.cron import problem as cron_problem
from hythe.kube.objects.schema.validation.metadata import check_annotations, check_labels
from hythe.kube.objects.schema.validation.report import Report
from hythe.kube.objects.types import Object

_ALWAYS: Final = ["Always"]


def _selected(spec: Object, path: str, kind: str, report: Report) -> None:
    """A selector is needed, must select something, and must select the pods of the template."""
    selector = spec.get("selector")
    if selector is None:
        if kind != "daemonset":
            report.required(f"{path}.selector")
    elif not selector.get("matchLabels") and not selector.get("matchExpressions"):
        report.invalid(f"{path}.selector", label_selector(selector), f"empty selector is invalid for {kind}")
        return
    _fitting(spec, path, report)


def _fitting(spec: Object, path: str, report: Report) -> None:
    selector = spec.get("selector")
    template_labels = (spec.get("template", {}).get("metadata") or {}).get("labels") or {}
    try:
        fits = labels.from_object(selector).matches(template_labels)
    except labels.InvalidSelector:
        return  # told by the selector's own rule
    if not fits:
        detail = "`selector` does not match template `labels`"
        report.invalid(f"{path}.template.metadata.labels", string_map(template_labels or None), detail)


def _always(spec: Object, path: str, kind: str, report: Report) -> None:
    """Pods of these kinds run until they are taken away."""
    pod = spec.get("template", {}).get("spec") or {}
    policy = pod.get("restartPolicy", "")
    if policy and policy != "Always":
        report.not_supported(f"{path}.template.spec.restartPolicy", policy, _ALWAYS)
    if pod.get("activeDeadlineSeconds") is not None:
        report.forbidden(
            f"{path}.template.spec.activeDeadlineSeconds", f"activeDeadlineSeconds in {kind} is not Supported"
        )


def deployment_spec(obj: Object, path: str, report: Report) -> None:
    _always(obj, path, "ReplicaSet", report)
    deadline, ready = obj.get("progressDeadlineSeconds"), obj.get("minReadySeconds", 0)
    if deadline is not None and deadline <= ready:
        report.invalid(f"{path}.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")


def deployment_strategy(obj: Object, path: str, report: Report) -> None:
    rolling = obj.get("rollingUpdate")
    if obj.get("type") == "Recreate":
        if rolling is not None:
            detail = "may not be specified when strategy `type` is 'Recreate'"
            report.forbidden(f"{path}.rollingUpdate", detail)
    elif obj.get("type") != "RollingUpdate":
        report.not_supported(path, _strategy(obj, "Deployment"), ["Recreate", "RollingUpdate"])
    elif rolling is None:
        report.required(f"{path}.rollingUpdate", "this should be defaulted and never be nil")


def daemon_set_strategy(obj: Object, path: str, report: Report) -> None:
    if obj.get("type") not in ("RollingUpdate", "OnDelete"):
        report.not_supported(path, _strategy(obj, "DaemonSet"), ["RollingUpdate", "OnDelete"])
    elif obj["type"] == "RollingUpdate" and obj.get("rollingUpdate") is None:
        report.required(f"{path}.rollingUpdate")


def _strategy(obj: Object, kind: str) -> Verbatim | Object:
    """A strategy of an unknown type as Go prints it; one with parameters as JSON, for Go would print an address."""
    if obj.get("rollingUpdate") is not None:
        return obj
    outer = {"Deployment": "DeploymentStrategy"}.get(kind, f"{kind}UpdateStrategy")
    inner = {"StatefulSet": "RollingUpdateStatefulSetStrategy"}.get(kind, f"RollingUpdate{kind}")
    return Verbatim(f'apps.{outer}{{Type:"{obj.get("type", "")}", RollingUpdate:(*apps.{inner})(nil)}}')


def rolling(obj: Object, path: str, report: Report) -> None:
    """Neither more nor fewer pods than wanted would never end."""
    unavailable, surge = obj.get("maxUnavailable"), obj.get("maxSurge")
    if _zero(unavailable) and _zero(surge):
        report.invalid(f"{path}.maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0")
    if formats.is_percent(unavailable) and int(str(unavailable)[:-1]) > 100:
        report.invalid(f"{path}.maxUnavailable", unavailable, "must not be greater than 100%")


def rolling_daemons(obj: Object, path: str, report: Report) -> None:
    unavailable, surge = obj.get("maxUnavailable"), obj.get("maxSurge")
    for key in ("maxUnavailable", "maxSurge"):
        if formats.is_percent(obj.get(key)) and int(str(obj[key])[:-1]) > 100:
            report.invalid(f"{path}.{key}", obj[key], "must not be greater than 100%")
    if not _zero(unavailable) and not _zero(surge):
        report.invalid(f"{path}.maxSurge", surge, "may not be set when maxUnavailable is non-zero")
    if _zero(unavailable) and _zero(surge):
        report.required(f"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0")


def _zero(value: Any) -> bool:
    return value in (None, 0, "0%")


def replica_set_spec(obj: Object, path: str, report: Report) -> None:
    _always(obj, path, "ReplicaSet", report)


def replication_controller_spec(obj: Object, path: str, report: Report) -> None:
    if not obj.get("selector"):
        report.required(f"{path}.selector")
    if obj.get("template") is None:
        report.required(f"{path}.template")
        return
    found = (obj["template"].get("metadata") or {}).get("labels") or {}
    if not labels.from_labels(obj.get("selector")).matches(found):
        detail = "`selector` does not match template `labels`"
        report.invalid(f"{path}.template.metadata.labels", string_map(found or None), detail)
    _always(obj, path, "ReplicationController", report)


def stateful_set_spec(obj: Object, path: str, report: Report) -> None:
    policy, strategy = obj.get("podManagementPolicy", ""), obj.get("updateStrategy") or {}
    if policy not in ("", "OrderedReady", "Parallel"):
        report.invalid(f"{path}.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'")
    if strategy.get("type") == "OnDelete" and strategy.get("rollingUpdate") is not None:
        detail = "only allowed for updateStrategy 'RollingUpdate'"
        report.invalid(f"{path}.updateStrategy.rollingUpdate", strategy["rollingUpdate"], detail)
    elif strategy.get("type") not in ("OnDelete", "RollingUpdate"):
        told = _strategy(strategy, "StatefulSet")
        report.invalid(f"{path}.updateStrategy", told, "must be 'RollingUpdate' or 'OnDelete'")
    metadata = (obj.get("template") or {}).get("metadata") or {}
    check_labels(metadata.get("labels"), f"{path}.template.labels", report)
    check_annotations(metadata.get("annotations"), f"{path}.template.annotations", report)
    _always(obj, path, "StatefulSet", report)


def daemon_set_spec(obj: Object, path: str, report: Report) -> None:
    _always(obj, path, "DaemonSet", report)
    ready = obj.get("minReadySeconds", 0)
    if ready < 0:
        report.invalid(f"{path}.minReadySeconds", ready, "must be greater than or equal to 0")


def job_spec(obj: Object, path: str, report: Report) -> None:
    pod = obj.get("template", {}).get("spec") or {}
    policy = pod.get("restartPolicy")
    where = f"{path}.template.spec.restartPolicy"
    if policy in (None, "", "Always"):
        # What a pod has by default is not for jobs.
        report.required(where, 'valid values: "OnFailure", "Never"')
    elif policy not in ("OnFailure", "Never"):
        report.not_supported(where, policy, ["OnFailure", "Never"])
    if obj.get("completionMode") == "Indexed":
        _indexed(obj, path, report)
    elif obj.get("backoffLimitPerIndex") is not None:
        report.invalid(
            f"{path}.backoffLimitPerIndex", obj["backoffLimitPerIndex"], "requires indexed completion mode"
        )
    elif obj.get("maxFailedIndexes") is not None:
        report.invalid(
            f"{path}.maxFailedIndexes", obj["maxFailedIndexes"], "requires indexed completion mode"
        )
    if obj.get("maxFailedIndexes") is not None and obj.get("backoffLimitPerIndex") is None:
        report.required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified")
    if obj.get("podFailurePolicy") is not None:
        if policy != "Never":
            detail = 'only "Never" is supported when podFailurePolicy is specified'
            report.invalid(f"{path}.template.spec.restartPolicy", policy or "", detail)
        _failure_policy(obj["podFailurePolicy"], f"{path}.podFailurePolicy", report)


def _indexed(obj: Object, path: str, report: Report) -> None:
    if obj.get("completions") is None:
        report.required(f"{path}.completions", "when completion mode is Indexed")
    elif (obj.get("parallelism") or 0) > 100_000:
        report.invalid(
            f"{path}.parallelism",
            obj["parallelism"],
            "must be less than or equal to 100000 when completion mode is Indexed",
        )


def _failure_policy(policy: Object, path: str, report: Report) -> None:
    actions = ("Count", "FailIndex", "FailJob", "Ignore")
    for index, rule in enumerate(policy.get("rules", ())):
        where = f"{path}.rules[{index}]"
        if rule.get("action") not in actions:
            report.not_supported(f"{where}.action", rule.get("action", ""), actions)
        if rule.get("onExitCodes") is not None and rule.get("onPodConditions"):
            report.senseless(where, "specifying both OnExitCodes and OnPodConditions is not supported")
        if rule.get("onExitCodes") is None and not rule.get("onPodConditions"):
            report.senseless(where, "specifying one of OnExitCodes and OnPodConditions is required")


def cron_job_spec(obj: Object, path: str, report: Report) -> None:
    schedule, zone = obj.get("schedule", ""), obj.get("timeZone")
    if schedule:
        if "TZ" in schedule:
            detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
            report.invalid(f"{path}.schedule", schedule, detail)
        elif wrong := cron_problem(schedule):
            report.invalid(f"{path}.schedule", schedule, wrong)
    if zone is not None:
        if not zone:
            report.invalid(f"{path}.timeZone", zone, "timeZone must be nil or non-empty string")
        elif zone == "Local" or not _is_zone(zone):
            report.invalid(f"{path}.timeZone", zone, f"unknown time zone {zone}")
    inner, where = (obj.get("jobTemplate") or {}).get("spec") or {}, f"{path}.jobTemplate.spec"
    job_spec(inner, where, report)
    if inner.get("selector") is not None:
        report.invalid(
            f"{where}.selector", label_selector(inner["selector"]), "`selector` will be auto-generated"
        )
    if inner.get("manualSelector"):
        report.not_supported(f"{where}.manualSelector", True, ["nil", "false"])


def _is_zone(name: str) -> bool:
    """Whether this machine's time zone database has the name; what leads out of it is none."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def cron_job(obj: Object, path: str, report: Report) -> None:
    """A job's name is eleven characters longer, and a pod's label must hold it."""
    if len(obj["metadata"].get("name", "")) > 52:
        report.invalid("metadata.name", obj["metadata"]["name"], "must be no more than 52 characters")


def job(obj: Object, path: str, report: Report) -> None:
    job_spec(obj["spec"], "spec", report)
    if obj["spec"].get("selector") is not None:
        _fitting(obj["spec"], "spec", report)
    elif obj["spec"].get("manualSelector"):
        report.required("spec.selector")


def selected(kind: str) -> Callable[[Object, str, Report], None]:
    """The rule about the selector of a kind; `kind` is its name in a message."""
    return lambda obj, path, report: _selected(obj, path, kind, report)


# Kubernetes leaves these to the making of the pods and claims: what a template mounts may be in a claim's template.
LEFT_OUT: Final = {"apps.v1.StatefulSetSpec": ("template", "volumeClaimTemplates")}
FIRST: Final = {
    "apps.v1.DeploymentSpec": selected("deployment"),
    "apps.v1.ReplicaSetSpec": selected("replicaset"),
    "apps.v1.StatefulSetSpec": selected("statefulset"),
    "apps.v1.DaemonSetSpec": selected("daemonset"),
}
RULES: Final[dict[str, Callable[[Object, str, Report], None]]] = {
    "apps.v1.DeploymentSpec": deployment_spec,
    "apps.v1.DeploymentStrategy": deployment_strategy,
    "apps.v1.DaemonSetUpdateStrategy": daemon_set_strategy,
    "apps.v1.RollingUpdateDeployment": rolling,
    "apps.v1.RollingUpdateDaemonSet": rolling_daemons,
    "apps.v1.ReplicaSetSpec": replica_set_spec,
    "apps.v1.StatefulSetSpec": stateful_set_spec,
    "apps.v1.DaemonSetSpec": daemon_set_spec,
    "core.v1.ReplicationControllerSpec": replication_controller_spec,
    "batch.v1.Job": job,
    "batch.v1.CronJob": cron_job,
    "batch.v1.CronJobSpec": cron_job_spec,
}
