"""Pods and their templates, as a whole: names that must differ, volumes that must be there, ports of the host.

Source: Kubernetes 1.32, pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from hythe.kube.objects import names
from hythe.kube.objects.schema.validation import formats
from hythe.kube.objects.schema.validation.metadata import check_annotations, check_labels
from hythe.kube.objects.schema.validation.report import Report
from hythe.kube.objects.types import Object

_OPERATORS: Final = ("In", "NotIn", "Exists", "DoesNotExist")
_EFFECTS: Final = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def pod(obj: Object, path: str, report: Report) -> None:
    """Only of a pod itself: what its template may have is more."""
    if obj["spec"].get("ephemeralContainers"):
        report.forbidden("spec.ephemeralContainers", "cannot be set on create")
    for where, container in _containers(obj["spec"], "spec"):
        image = container.get("image", "")
        if image != image.strip():
            report.invalid(f"{where}.image", image, "must not have leading or trailing whitespace")


def pod_spec(spec: Object, path: str, report: Report) -> None:
    _names(spec, path, report)
    volumes = _volumes(spec, path, report)
    for where, container in _containers(spec, path):
        _mounts(container, where, volumes, report)
        if spec.get("hostNetwork") and where.startswith(f"{path}.containers"):
            _host_network(container, where, report)
    _init_containers(spec, path, report)
    _host_ports(spec, path, report)
    check_labels(spec.get("nodeSelector"), f"{path}.nodeSelector", report)
    _dns(spec, path, report)
    _pull_secrets(spec, path, report)
    _spread(spec, path, report)


def _containers(spec: Object, path: str) -> Iterator[tuple[str, Object]]:
    for key in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(spec.get(key, ())):
            yield f"{path}.{key}[{index}]", container


def _names(spec: Object, path: str, report: Report) -> None:
    seen: set[str] = set()
    for where, container in _containers(spec, path):
        name = container.get("name", "")
        if name and name in seen:
            report.duplicate(f"{where}.name", name)
        seen.add(name)


def _volumes(spec: Object, path: str, report: Report) -> dict[str, Object]:
    found: dict[str, Object] = {}
    for index, volume in enumerate(spec.get("volumes", ())):
        name = volume.get("name", "")
        if name and name in found:
            report.duplicate(f"{path}.volumes[{index}].name", name)
        found[name] = volume
    return found


def _mounts(container: Object, where: str, volumes: dict[str, Object], report: Report) -> None:
    seen: set[str] = set()
    for index, mount in enumerate(container.get("volumeMounts", ())):
        at, target = f"{where}.volumeMounts[{index}]", mount.get("mountPath", "")
        if mount.get("name") and mount["name"] not in volumes:
            report.not_found(f"{at}.name", mount["name"])
        if target and target in seen:
            report.invalid(f"{at}.mountPath", target, "must be unique")
        seen.add(target)
        if mount.get("subPath") and mount.get("subPathExpr"):
            report.invalid(
                f"{at}.subPathExpr", mount["subPathExpr"], "subPathExpr and subPath are mutually exclusive"
            )
    for index, device in enumerate(container.get("volumeDevices", ())):
        if device.get("name") and device["name"] not in volumes:
            report.not_found(f"{where}.volumeDevices[{index}].name", device["name"])


def _init_containers(spec: Object, path: str, report: Report) -> None:
    """Those that run to their end have no probes and no hooks; sidecars (restartPolicy: Always) have."""
    for index, container in enumerate(spec.get("initContainers", ())):
        where, policy = f"{path}.initContainers[{index}]", container.get("restartPolicy")
        if policy not in (None, "Always"):
            report.not_supported(f"{where}.restartPolicy", policy, ["Always"])
        if policy != "Always":
            for key in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
                if container.get(key) is not None:
                    report.forbidden(
                        f"{where}.{key}", "may not be set for init containers without restartPolicy=Always"
                    )
    for index, container in enumerate(spec.get("containers", ())):
        if container.get("restartPolicy") is not None:
            report.forbidden(
                f"{path}.containers[{index}].restartPolicy", "may not be set for non-init containers"
            )


def _host_network(container: Object, where: str, report: Report) -> None:
    for index, port in enumerate(container.get("ports", ())):
        # Of a pod, the port has been filled in; a template may leave it out.
        if port.get("hostPort") and port["hostPort"] != port.get("containerPort"):
            detail = "must match `containerPort` when `hostNetwork` is true"
            report.invalid(f"{where}.ports[{index}].hostPort", port["hostPort"], detail)


def _host_ports(spec: Object, path: str, report: Report) -> None:
    for key in ("containers", "initContainers"):
        seen: set[str] = set()
        for at, container in enumerate(spec.get(key, ())):
            for index, port in enumerate(container.get("ports", ())):
                if not port.get("hostPort"):
                    continue
                name = f"{port.get('protocol', 'TCP')}/{port.get('hostIP', '')}/{port['hostPort']}"
                if name in seen:
                    report.duplicate(f"{path}.{key}[{at}].ports[{index}].hostPort", name)
                seen.add(name)


def _dns(spec: Object, path: str, report: Report) -> None:
    config, where = spec.get("dnsConfig"), f"{path}.dnsConfig"
    servers = (config or {}).get("nameservers", [])
    if spec.get("dnsPolicy") == "None" and config is None:
        report.required(where, "must provide `dnsConfig` when `dnsPolicy` is None")
    elif spec.get("dnsPolicy") == "None" and not servers:
        report.required(
            f"{where}.nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None"
        )
    for index, server in enumerate(servers):
        report.problems(f"{where}.nameservers[{index}]", server, formats.ip(server))
    for index, domain in enumerate((config or {}).get("searches", ())):
        if domain != ".":
            report.problems(
                f"{where}.searches[{index}]", domain, names.dns_subdomain(domain.removesuffix("."))
            )


def _pull_secrets(spec: Object, path: str, report: Report) -> None:
    for index, secret in enumerate(spec.get("imagePullSecrets", ())):
        if not secret.get("name"):
            report.required(f"{path}.imagePullSecrets[{index}].name")


def _spread(spec: Object, path: str, report: Report) -> None:
    seen: set[tuple[str, str]] = set()
    for index, one in enumerate(spec.get("topologySpreadConstraints", ())):
        pair = (one.get("topologyKey", ""), one.get("whenUnsatisfiable", ""))
        if pair in seen:
            report.duplicate(f"{path}.topologySpreadConstraints[{index}].{{topologyKey, whenUnsatisfiable}}",
                             f"{{{pair[0]}, {pair[1]}}}")  # fmt: skip
        seen.add(pair)


# --- scheduling


def toleration(obj: Object, path: str, report: Report) -> None:
    key, value = obj.get("key", ""), obj.get("value", "")
    operator, effect = obj.get("operator", ""), obj.get("effect", "")
    if key:
        report.problems(f"{path}.key", key, names.qualified_name(key))
    elif operator != "Exists":
        detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        report.invalid(f"{path}.operator", operator, detail)
    if obj.get("tolerationSeconds") is not None and effect != "NoExecute":
        report.invalid(f"{path}.effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")
    if operator in ("", "Equal"):
        if problems := names.label_value(value):
            report.invalid(f"{path}.operator", value, ";".join(problems))
    elif operator == "Exists":
        if value:
            report.invalid(f"{path}.operator", value, "value must be empty when `operator` is 'Exists'")
    else:
        report.not_supported(f"{path}.operator", operator, ["Equal", "Exists"])
    if effect and effect not in _EFFECTS:
        report.not_supported(f"{path}.effect", effect, _EFFECTS)


def node_selector_requirement(obj: Object, path: str, report: Report) -> None:
    values, operator = obj.get("values", []), obj.get("operator", "")
    if operator in ("In", "NotIn"):
        if not values:
            report.required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            report.forbidden(
                f"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            )
    elif operator in ("Gt", "Lt"):
        if len(values) != 1:
            report.required(
                f"{path}.values", "must be specified single value when `operator` is 'Lt' or 'Gt'"
            )
    else:
        report.invalid(f"{path}.operator", operator, "not a valid selector operator")
    report.problems(f"{path}.key", obj.get("key", ""), names.qualified_name(obj.get("key", "")))


def label_selector(obj: Object, path: str, report: Report) -> None:
    check_labels(obj.get("matchLabels"), f"{path}.matchLabels", report)
    for index, one in enumerate(obj.get("matchExpressions", ())):
        where, operator, values = (
            f"{path}.matchExpressions[{index}]",
            one.get("operator", ""),
            one.get("values", []),
        )
        if operator in ("In", "NotIn"):
            if not values:
                report.required(f"{where}.values", "must be specified when `operator` is 'In' or 'NotIn'")
        elif operator in _OPERATORS:
            if values:
                detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                report.forbidden(f"{where}.values", detail)
        else:
            report.invalid(f"{where}.operator", operator, "not a valid selector operator")
        report.problems(f"{where}.key", one.get("key", ""), names.qualified_name(one.get("key", "")))
        for at, value in enumerate(values):
            report.problems(f"{where}.values[{at}]", value, names.label_value(value))


def template(obj: Object, path: str, report: Report) -> None:
    """Labels and annotations that the pods will have."""
    meta = obj.get("metadata") or {}
    check_labels(meta.get("labels"), f"{path}.labels", report)
    check_annotations(meta.get("annotations"), f"{path}.annotations", report)
    if (obj.get("spec") or {}).get("ephemeralContainers"):
        report.forbidden(
            f"{path}.spec.ephemeralContainers", "ephemeral containers not allowed in pod template"
        )


RULES: Final[dict[str, Callable[[Object, str, Report], None]]] = {
    "core.v1.Pod": pod,
    "core.v1.PodSpec": pod_spec,
    "core.v1.PodTemplateSpec": template,
    "core.v1.Toleration": toleration,
    "core.v1.NodeSelectorRequirement": node_selector_requirement,
    "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector": label_selector,
}
