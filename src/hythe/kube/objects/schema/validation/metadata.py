"""An object's metadata: names, labels, annotations, owners, finalizers; and what of it may not change.

Source: k8s.io/apimachinery, pkg/api/validation/objectmeta.go; pkg/apis/core/validation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from hythe.kube.objects import names
from hythe.kube.objects.problems import strings
from hythe.kube.objects.schema import gotypes
from hythe.kube.objects.schema.resources import Resource
from hythe.kube.objects.schema.validation import formats
from hythe.kube.objects.schema.validation.report import MIN_ZERO, Report
from hythe.kube.objects.types import Object

MAX_ANNOTATIONS: Final = 256 * 1024
_FINALIZERS: Final = {"kubernetes", "orphan", "foregroundDeletion"}
_EXTENSIONS: Final = "apiextensions.k8s.io"
# Names are DNS subdomains but for these.
_NAMES: Final[dict[str, Callable[[str], list[str]]]] = {
    "namespaces": names.dns_label,
    "services": names.dns1035_label,
    "statefulsets.apps": names.dns_label,
    **{
        f"{plural}.rbac.authorization.k8s.io": formats.path_segment
        for plural in ("roles", "rolebindings", "clusterroles", "clusterrolebindings")
    },
    "apiservices.apiregistration.k8s.io": formats.path_segment,
}


def name_problems(resource: Resource, name: str, *, prefix: bool = False) -> list[str]:
    """What is wrong with a name, or with the prefix of one that is to be made (`generateName`)."""
    if prefix and name.endswith("-") and len(name) > 1:
        name = f"{name[:-2]}a"
    return _NAMES.get(resource.qualified, names.dns_subdomain)(name)


def check_create(meta: Object, resource: Resource, report: Report) -> None:
    generate, name, path = meta.get("generateName"), meta.get("name"), "metadata"
    if generate:
        report.problems(f"{path}.generateName", generate, name_problems(resource, generate, prefix=True))
    if not name:
        report.required(f"{path}.name", "name or generateName is required")
    else:
        report.problems(f"{path}.name", name, name_problems(resource, name))
    _namespace(meta.get("namespace"), resource, report)
    if meta.get("generation", 0) < 0:
        report.invalid(f"{path}.generation", meta["generation"], MIN_ZERO)
    _common(meta, path, report)
    _finalizers(meta, path, resource, report)


def check_update(meta: Object, old: Object, resource: Resource, report: Report) -> None:
    path = "metadata"
    if old.get("deletionTimestamp"):
        new = [one for one in meta.get("finalizers", ()) if one not in old.get("finalizers", ())]
        if new:
            report.forbidden(
                f"{path}.finalizers",
                "no new finalizers can be added if the object is being deleted, found new finalizers "
                + strings(sorted(new)),
            )
    if meta.get("generation", 0) < old.get("generation", 0):
        report.invalid(f"{path}.generation", meta.get("generation", 0), "must not be decremented")
    for key in (
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ):
        report.immutable(f"{path}.{key}", meta.get(key), old.get(key))
    _common(meta, path, report)
    _finalizers(meta, path, resource, report)


def _namespace(namespace: str | None, resource: Resource, report: Report) -> None:
    path = "metadata.namespace"
    if not resource.namespaced:
        if namespace:
            report.forbidden(path, "not allowed on this type")
    elif not namespace:
        report.required(path)
    else:
        report.problems(path, namespace, names.dns_label(namespace))


def _common(meta: Object, path: str, report: Report) -> None:
    check_labels(meta.get("labels"), f"{path}.labels", report)
    check_annotations(meta.get("annotations"), f"{path}.annotations", report)
    _owners(meta.get("ownerReferences") or [], f"{path}.ownerReferences", report)


def check_labels(labels: dict[str, str] | None, path: str, report: Report) -> None:
    for key, value in sorted((labels or {}).items()):
        report.problems(path, key, names.qualified_name(key))
        report.problems(path, value, names.label_value(value))


def check_annotations(annotations: dict[str, str] | None, path: str, report: Report) -> None:
    size = 0
    for key, value in sorted((annotations or {}).items()):
        report.problems(path, key, names.qualified_name(key.lower()))
        size += len(key.encode()) + len(value.encode())
    if size > MAX_ANNOTATIONS:
        report.too_long(path, MAX_ANNOTATIONS)


def _owners(owners: list[Object], path: str, report: Report) -> None:
    controller: Object | None = None
    for owner in owners:
        _owner(owner, path, report)
        if owner.get("controller"):
            if controller is not None:
                first, second = (
                    f"{one.get('kind', '')}/{one.get('name', '')}" for one in (controller, owner)
                )
                report.invalid(
                    path,
                    owners,
                    "Only one reference can have Controller set to true. "
                    f'Found "true" in references for {first} and {second}',
                )
            controller = owner


def _owner(owner: Object, path: str, report: Report) -> None:
    version = owner.get("apiVersion", "").rpartition("/")[2]
    for key, word, value in (
        ("apiVersion", "version", version),
        ("kind", "kind", owner.get("kind")),
        ("name", "name", owner.get("name")),
        ("uid", "uid", owner.get("uid")),
    ):
        if not value:
            report.invalid(f"{path}.{key}", owner.get(key, ""), f"{word} must not be empty")
    if owner.get("apiVersion") == "v1" and owner.get("kind") == "Event":
        report.invalid(path, owner, "/v1, Kind=Event is disallowed from being an owner")


def _finalizers(meta: Object, path: str, resource: Resource, report: Report) -> None:
    """Kubernetes' own kinds want them with a slash; extensions (definitions and custom resources) need not."""
    held: list[Any] = meta.get("finalizers") or []
    strict = resource.group != _EXTENSIONS and gotypes.of_kind(resource.gvk) is not None
    for one in held:
        problems = names.qualified_name(one)
        report.problems(f"{path}.finalizers", one, problems)
        if strict and not problems and "/" not in one and one not in _FINALIZERS:
            report.invalid(
                f"{path}.finalizers",
                one,
                "name is neither a standard finalizer name nor is it fully qualified",
            )
    if {"orphan", "foregroundDeletion"} <= set(held):
        detail = "finalizer orphan and foregroundDeletion cannot be both set"
        report.invalid(f"{path}.finalizers", strings(held), detail)
