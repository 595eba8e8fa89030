"""What of an object may not change once it is there. Each function compares the new with the old.

Source: Kubernetes 1.32, the ValidateUpdate functions and the registry strategies.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from hythe.kube.objects import quantity
from hythe.kube.objects.problems import label_selector, strings
from hythe.kube.objects.schema.validation.report import Report
from hythe.kube.objects.schema.validation.rules_storage import sources
from hythe.kube.objects.types import Object

Update = Callable[[Object, Object, Report], None]


def selector(new: Object, old: Object, report: Report) -> None:
    was, now = old["spec"].get("selector"), new["spec"].get("selector")
    if was != now:
        report.invalid("spec.selector", label_selector(now), "field is immutable")


_STATEFUL: Final = ("replicas", "ordinals", "template", "updateStrategy",
                    "persistentVolumeClaimRetentionPolicy", "minReadySeconds")  # fmt: skip


def stateful_set(new: Object, old: Object, report: Report) -> None:
    if _without(new["spec"], _STATEFUL) != _without(old["spec"], _STATEFUL):
        known = ", ".join(f"'{one}'" for one in _STATEFUL[:-1])
        detail = (
            f"updates to statefulset spec for fields other than {known} and '{_STATEFUL[-1]}' are forbidden"
        )
        report.forbidden("spec", detail)


def job(new: Object, old: Object, report: Report) -> None:
    now, was = new["spec"], old["spec"]
    if now.get("completions") != was.get("completions") and not _elastic(now, was):
        report.immutable("spec.completions", now.get("completions"), was.get("completions"))
    selector(new, old, report)
    if _template(now, was) != was.get("template"):
        report.immutable("spec.template", now.get("template"), was.get("template"))
    for key in ("completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"):
        report.immutable(f"spec.{key}", now.get(key), was.get(key))


def _elastic(now: Object, was: Object) -> bool:
    """An indexed job grows and shrinks when its parallelism does so alike."""
    return (
        now.get("completionMode") == "Indexed"
        and now.get("completions") == now.get("parallelism")
        and bool(was)
    )


def _template(now: Object, was: Object) -> Any:
    """The new template; while a job is suspended, where its pods may run can still be told."""
    template = now.get("template")
    if not was.get("suspend"):
        return template
    template, old = copy.deepcopy(template or {}), was.get("template") or {}
    for key in ("nodeSelector", "tolerations", "schedulingGates", "affinity"):
        _take_over(template.setdefault("spec", {}), old.get("spec") or {}, key)
    for key in ("labels", "annotations"):
        _take_over(template.setdefault("metadata", {}), old.get("metadata") or {}, key)
    return template


def _take_over(new: Object, old: Object, key: str) -> None:
    new.pop(key, None)
    if key in old:
        new[key] = old[key]


def service(new: Object, old: Object, report: Report) -> None:
    now, was = new["spec"], old["spec"]
    if "ExternalName" in (now.get("type"), was.get("type")):
        return
    before, after = was.get("clusterIPs") or [], now.get("clusterIPs") or []
    if before and not after:
        report.invalid("spec.clusterIPs[0]", "", "primary clusterIP can not be unset")
    elif before and before[0] != after[0]:
        report.invalid("spec.clusterIPs[0]", strings(after), "may not change once set")
    if was.get("loadBalancerClass") is not None and now.get("type") == was.get("type") == "LoadBalancer":
        before_class, after_class = was["loadBalancerClass"], now.get("loadBalancerClass")
        if before_class != after_class:
            report.invalid("spec.loadBalancerClass", after_class, "may not change once set")


def config_map(new: Object, old: Object, report: Report) -> None:
    _sealed(new, old, ("data", "binaryData"), report)


def secret(new: Object, old: Object, report: Report) -> None:
    report.immutable("type", new.get("type"), old.get("type"))
    _sealed(new, old, ("data",), report)


def _sealed(new: Object, old: Object, keys: tuple[str, ...], report: Report) -> None:
    if not old.get("immutable"):
        return
    if not new.get("immutable"):
        report.forbidden("immutable", "field is immutable when `immutable` is set")
    for key in keys:
        if (new.get(key) or {}) != (old.get(key) or {}):
            report.forbidden(key, "field is immutable when `immutable` is set")


def claim(new: Object, old: Object, report: Report) -> None:
    now, was = copy.deepcopy(new["spec"]), copy.deepcopy(old["spec"])
    if not was.get("volumeName"):
        _take_over(now, was, "volumeName")
    bound = old["status"].get("phase") == "Bound"
    asked = now.get("resources", {}).get("requests", {}).get("storage")
    before = was.get("resources", {}).get("requests", {}).get("storage")
    if bound:
        for spec in (now, was):
            spec.get("resources", {}).pop("requests", None)
            spec.pop("volumeAttributesClassName", None)
    if now != was:
        detail = (
            "spec is immutable after creation except resources.requests and volumeAttributesClassName "
            "for bound claims"
        )
        report.forbidden("spec", f"{detail}\n{difference(was, now)}")
    held = old["status"].get("capacity", {}).get("storage")
    if bound and asked and before and held and _less(asked, before) and not _less(held, asked):
        report.forbidden("spec.resources.requests.storage", "field can not be less than status.capacity")
    report.immutable("volumeMode", new["spec"].get("volumeMode"), old["spec"].get("volumeMode"))


def _less(first: str, second: str) -> bool:
    return quantity.parse(first) < quantity.parse(second)


def volume(new: Object, old: Object, report: Report) -> None:
    now, was = sources(new["spec"]), sources(old["spec"])
    if now != was:
        detail = f"spec.persistentvolumesource is immutable after creation\n{difference(was, now)}"
        report.forbidden("spec.persistentvolumesource", detail)
    report.immutable("volumeMode", new["spec"].get("volumeMode"), old["spec"].get("volumeMode"))


def role_binding(new: Object, old: Object, report: Report) -> None:
    if new.get("roleRef") != old.get("roleRef"):
        report.invalid("roleRef", new.get("roleRef"), "cannot change roleRef")


def storage_class(new: Object, old: Object, report: Report) -> None:
    for key in ("parameters", "provisioner", "reclaimPolicy"):
        if new.get(key) != old.get(key):
            report.forbidden(key, f"updates to {key} are forbidden.")
    report.immutable("volumeBindingMode", new.get("volumeBindingMode"), old.get("volumeBindingMode"))


def priority_class(new: Object, old: Object, report: Report) -> None:
    if new.get("value") != old.get("value"):
        report.forbidden("value", "may not be changed in an update.")
    report.immutable("preemptionPolicy", new.get("preemptionPolicy"), old.get("preemptionPolicy"))


def node(new: Object, old: Object, report: Report) -> None:
    for key in ("podCIDR", "podCIDRs", "providerID"):
        was, now = old["spec"].get(key), new["spec"].get(key)
        if was and now != was:
            name = "podCIDR" if key == "podCIDRs" else key
            report.forbidden(f"spec.{key}", f'node updates may not change {name} except from "" to valid')


def immutable(*paths: str) -> Update:
    """These fields, by dotted path, never change."""

    def compare(new: Object, old: Object, report: Report) -> None:
        for path in paths:
            report.immutable(path, _reach(new, path), _reach(old, path))

    return compare


def _reach(obj: Object, path: str) -> Any:
    found: Any = obj
    for key in path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _without(spec: Object, keys: tuple[str, ...]) -> Object:
    return {key: value for key, value in spec.items() if key not in keys}


def difference(old: Any, new: Any) -> str:
    """What differs, a line each: `- path: was` and `+ path: is`."""
    before, after = dict(_flat(old, "")), dict(_flat(new, ""))
    lines = []
    for path in sorted({*before, *after}):
        if before.get(path) != after.get(path):
            lines += [f"- {path}: {json.dumps(before[path])}"] if path in before else []
            lines += [f"+ {path}: {json.dumps(after[path])}"] if path in after else []
    return "\n".join(f"  {line}" for line in lines)


def _flat(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, one in value.items():
            yield from _flat(one, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        for index, one in enumerate(value):
            yield from _flat(one, f"{path}[{index}]")
    else:
        yield path, value


UPDATES: Final[dict[str, Update]] = {
    "apps.v1.Deployment": selector,
    "apps.v1.ReplicaSet": selector,
    "apps.v1.DaemonSet": selector,
    "apps.v1.StatefulSet": stateful_set,
    "apps.v1.ControllerRevision": immutable("data"),
    "batch.v1.Job": job,
    "core.v1.Service": service,
    "core.v1.ConfigMap": config_map,
    "core.v1.Secret": secret,
    "core.v1.PersistentVolumeClaim": claim,
    "core.v1.PersistentVolume": volume,
    "core.v1.Node": node,
    "rbac.v1.RoleBinding": role_binding,
    "rbac.v1.ClusterRoleBinding": role_binding,
    "storage.v1.StorageClass": storage_class,
    "storage.v1.VolumeAttachment": immutable("spec"),
    "storage.v1.CSIDriver": immutable("spec.attachRequired", "spec.fsGroupPolicy"),
    "scheduling.v1.PriorityClass": priority_class,
    "node.v1.RuntimeClass": immutable("handler"),
    "networking.v1.IngressClass": immutable("spec.controller"),
    "discovery.v1.EndpointSlice": immutable("addressType"),
    "certificates.v1.CertificateSigningRequest": immutable("spec"),
}
