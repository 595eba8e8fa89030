"""A CustomResourceDefinition: its defaults, and all that is checked of it before it is stored.

`check` gives the causes of an `invalid` error in Kubernetes' words; its schemas are checked by `schema`, which
knows what a structural schema is. Refused though Kubernetes has it: conversion by webhook.

Source: apiextensions, pkg/apis/apiextensions/v1/defaults.go and validation/validation.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from hythe.kube.objects import names, problems
from hythe.kube.objects.custom import schema as schemas
from hythe.kube.objects.status import Cause
from hythe.kube.objects.types import Object

_COLUMN_TYPES: Final = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS: Final = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
_MAX_SELECTABLE: Final = 8


def fill(crd: Object) -> None:
    """Puts the defaults in, in place: singular, listKind, conversion, the stored versions."""
    spec = crd.setdefault("spec", {})
    given = spec.setdefault("names", {})
    kind = given.get("kind") or ""
    if not given.get("singular") and kind:
        given["singular"] = kind.lower()
    if not given.get("listKind") and kind:
        given["listKind"] = f"{kind}List"
    spec.setdefault("conversion", {"strategy": "None"})
    status = crd.setdefault("status", {})
    if not status.get("storedVersions"):
        stored = [each.get("name", "") for each in spec.get("versions") or [] if each.get("storage")]
        status["storedVersions"] = stored[:1]


def check(crd: Object, old: Object | None = None) -> list[Cause]:
    """All that is wrong with a definition that `fill` has seen; `old` is the one that it replaces."""
    spec = crd.get("spec") or {}
    causes = [*_check_name(crd, spec), *_check_spec(spec)]
    causes += _check_stored(crd.get("status") or {}, spec)
    if old is not None:
        causes += _check_change(spec, old)
    if spec.get("preserveUnknownFields"):
        causes.append(
            problems.invalid(
                "spec.preserveUnknownFields",
                True,
                "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in "
                "spec.versions[*].schema instead",
            )
        )
    return causes


def _check_name(crd: Object, spec: Object) -> Iterator[Cause]:
    name = (crd.get("metadata") or {}).get("name", "")
    wanted = f"{(spec.get('names') or {}).get('plural', '')}.{spec.get('group', '')}"
    if name != wanted:
        yield problems.invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group')


def _check_spec(spec: Object) -> Iterator[Cause]:
    group = spec.get("group", "")
    if not group:
        yield problems.required("spec.group")
    elif found := names.dns_subdomain(group):
        yield problems.invalid("spec.group", group, ",".join(found))
    elif "." not in group:
        yield problems.invalid("spec.group", group, "should be a domain with at least one dot")
    scope = spec.get("scope", "")
    if not scope:
        yield problems.required("spec.scope")
    elif scope not in ("Cluster", "Namespaced"):
        yield problems.not_supported("spec.scope", scope, ("Cluster", "Namespaced"))
    yield from _check_versions(spec.get("versions") or [])
    yield from _check_names(spec.get("names") or {})
    yield from _check_conversion((spec.get("conversion") or {}).get("strategy", ""))


def _check_conversion(strategy: str) -> Iterator[Cause]:
    path = "spec.conversion.strategy"
    if not strategy:
        yield problems.required(path)
    elif strategy == "Webhook":
        yield problems.forbidden(path, "conversion by webhook is not supported by this server")
    elif strategy != "None":
        yield problems.not_supported(path, strategy, ("None", "Webhook"))


def _check_versions(versions: list[Object]) -> Iterator[Cause]:
    for index, version in enumerate(versions):
        path = f"spec.versions[{index}]"
        name = version.get("name", "")
        if found := names.dns1035_label(name):
            yield problems.invalid(f"{path}.name", name, ",".join(found))
        yield from _check_version(version, path)
    if len({version.get("name") for version in versions}) != len(versions):
        yield problems.invalid("spec.versions", versions, "must contain unique version names")
    if sum(bool(version.get("storage")) for version in versions) != 1:
        yield problems.invalid(
            "spec.versions", versions, "must have exactly one version marked as storage version"
        )


def _check_version(version: Object, path: str) -> Iterator[Cause]:
    given = (version.get("schema") or {}).get("openAPIV3Schema")
    if given is None:
        yield problems.required(f"{path}.schema.openAPIV3Schema")
    else:
        with_status = (version.get("subresources") or {}).get("status") is not None
        yield from schemas.check(given, f"{path}.schema.openAPIV3Schema", with_status=with_status)
    if not version.get("deprecated") and version.get("deprecationWarning") is not None:
        warning = version["deprecationWarning"]
        yield problems.invalid(
            f"{path}.deprecationWarning", warning, "can only be set for deprecated versions"
        )
    yield from _check_scale((version.get("subresources") or {}).get("scale"), f"{path}.subresources.scale")
    for index, column in enumerate(version.get("additionalPrinterColumns") or []):
        yield from _check_column(column, f"{path}.additionalPrinterColumns[{index}]")
    yield from _check_selectable(
        version.get("selectableFields") or [], given or {}, f"{path}.selectableFields"
    )


def _check_names(given: Object) -> Iterator[Cause]:
    for key in ("plural", "singular", "kind", "listKind"):
        if not given.get(key):
            yield problems.required(f"spec.names.{key}")
    for key in ("plural", "singular"):
        yield from _check_label(given.get(key) or "", f"spec.names.{key}")
    for key in ("kind", "listKind"):
        value = given.get(key) or ""
        if value and (found := names.dns1035_label(value.lower())):
            detail = "may have mixed case, but should otherwise match: " + ",".join(found)
            yield problems.invalid(f"spec.names.{key}", value, detail)
    if given.get("kind") and given.get("kind") == given.get("listKind"):
        yield problems.invalid("spec.names.listKind", given["kind"], "kind and listKind may not be the same")
    for key in ("shortNames", "categories"):
        for index, value in enumerate(given.get(key) or []):
            yield from _check_label(value, f"spec.names.{key}[{index}]")


def _check_label(value: str, path: str) -> Iterator[Cause]:
    if value and (found := names.dns1035_label(value)):
        yield problems.invalid(path, value, ",".join(found))


def _check_column(column: Object, path: str) -> Iterator[Cause]:
    if not column.get("name"):
        yield problems.required(f"{path}.name")
    kind, form = column.get("type"), column.get("format")
    if not kind:
        yield problems.required(f"{path}.type", f"must be one of {','.join(_COLUMN_TYPES)}")
    elif kind not in _COLUMN_TYPES:
        yield problems.invalid(f"{path}.type", kind, f"must be one of {','.join(_COLUMN_TYPES)}")
    if form and form not in _COLUMN_FORMATS:
        yield problems.invalid(f"{path}.format", form, f"must be one of {','.join(_COLUMN_FORMATS)}")
    if not column.get("jsonPath"):
        yield problems.required(f"{path}.JSONPath")
    else:
        yield from _check_path(column["jsonPath"], f"{path}.JSONPath")


def _check_path(value: str, path: str) -> Iterator[Cause]:
    if not value.startswith("."):
        yield problems.invalid(path, value, "must be a simple json path starting with .")


def _check_scale(scale: Object | None, path: str) -> Iterator[Cause]:
    if scale is None:
        return
    rules = (("specReplicasPath", (".spec.",), ".spec"), ("statusReplicasPath", (".status.",), ".status"))
    for key, prefixes, said in (
        *rules,
        ("labelSelectorPath", (".spec.", ".status."), "either .spec or .status"),
    ):
        value = scale.get(key) or ""
        if not value:
            if key != "labelSelectorPath":
                yield problems.required(f"{path}.{key}")
        elif not value.startswith("."):
            yield problems.invalid(f"{path}.{key}", value, "must be a simple json path starting with .")
        elif not value.startswith(prefixes):
            yield problems.invalid(f"{path}.{key}", value, f"should be a json path under {said}")


def _check_selectable(selectable: list[Object], schema: Object, path: str) -> Iterator[Cause]:
    seen: set[str] = set()
    for index, each in enumerate(selectable):
        where, value = f"{path}[{index}].jsonPath", each.get("jsonPath") or ""
        if not value:
            yield problems.required(where)
            continue
        if value.startswith(".metadata"):
            yield problems.invalid(where, value, "must not point to fields in metadata")
        elif _type_at(value, schema) not in ("string", "boolean", "integer"):
            yield problems.invalid(
                where,
                value,
                "must point to a field of type string, boolean or integer. Enum string fields and strings with "
                "formats are allowed.",
            )
        if value in seen:
            yield problems.duplicate(where, value)
        seen.add(value)
    if len(seen) > _MAX_SELECTABLE:
        yield problems.too_many(path, len(seen), _MAX_SELECTABLE)


def _type_at(path: str, schema: Object) -> Any:
    for step in path.split(".")[1:]:
        schema = schema.get("properties", {}).get(step) or {}
    return schema.get("type")


def _check_stored(status: Object, spec: Object) -> Iterator[Cause]:
    stored, versions = status.get("storedVersions") or [], spec.get("versions") or []
    if not stored:
        yield problems.invalid("status.storedVersions", stored, "must have at least one stored version")
        return
    there = [version.get("name") for version in versions]
    for version in versions:
        if version.get("storage") and version.get("name") not in stored:
            detail = f"must have the storage version {version.get('name')}"
            yield problems.invalid("status.storedVersions", stored, detail)
    for index, name in enumerate(stored):
        if name not in there:
            detail = (
                f"missing from spec.versions; {name} was previously a storage version, and must remain in "
                f"spec.versions until a storage migration ensures no data remains persisted in {name} and removes "
                f"{name} from status.storedVersions"
            )
            yield problems.invalid(f"status.storedVersions[{index}]", name, detail)


def _check_change(spec: Object, old: Object) -> Iterator[Cause]:
    """What may not change: the group always, scope and kind names once the definition is established."""
    before = old.get("spec") or {}
    conditions = (old.get("status") or {}).get("conditions") or []
    pairs = [("spec.group", spec.get("group"), before.get("group"))]
    if any(each.get("type") == "Established" and each.get("status") == "True" for each in conditions):
        pairs.append(("spec.scope", spec.get("scope"), before.get("scope")))
        pairs.append(
            ("spec.names.kind", (spec.get("names") or {}).get("kind"), before.get("names", {}).get("kind"))
        )
    pairs.append(
        ("spec.names.plural", (spec.get("names") or {}).get("plural"), before.get("names", {}).get("plural"))
    )
    for path, new, was in pairs:
        if new != was:
            yield problems.invalid(path, new, "field is immutable")
