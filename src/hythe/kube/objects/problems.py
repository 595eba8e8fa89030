"""What can be wrong with a field, as Kubernetes says it: the causes of an `invalid` error.

Each function makes a `Cause`: its reason is the cause's type, its message is "TYPE: VALUE: DETAIL". `path` is the
field's own, such as `spec.ports[0].name`.

Source: apimachinery, pkg/util/validation/field/errors.go.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from hythe.kube.objects.status import Cause


class Verbatim(str):
    """What stands in a message as it is: a value in the form in which Go prints it."""


def shown(value: Any) -> str:
    """A bad value: plain ones as they are, texts in quotes, others as JSON."""
    if isinstance(value, Verbatim):
        return str(value)
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, float):
        return f"{value:g}"
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _with(detail: str) -> str:
    return f": {detail}" if detail else ""


def invalid(path: str, value: Any, detail: str = "") -> Cause:
    """A malformed value."""
    return Cause("FieldValueInvalid", f"Invalid value: {shown(value)}{_with(detail)}", path)


def type_invalid(path: str, value: Any, detail: str) -> Cause:
    """A value of the wrong type."""
    return Cause("FieldValueTypeInvalid", f"Invalid value: {shown(value)}{_with(detail)}", path)


def required(path: str, detail: str = "") -> Cause:
    """A value that is missing or empty."""
    return Cause("FieldValueRequired", f"Required value{_with(detail)}", path)


def forbidden(path: str, detail: str) -> Cause:
    """A value that may not stand here."""
    return Cause("FieldValueForbidden", f"Forbidden{_with(detail)}", path)


def not_supported(path: str, value: Any, supported: Iterable[str]) -> Cause:
    """A value that is not one of the few there are."""
    listed = ", ".join(json.dumps(each, ensure_ascii=False) for each in supported)
    detail = f"supported values: {listed}" if listed else ""
    return Cause("FieldValueNotSupported", f"Unsupported value: {shown(value)}{_with(detail)}", path)


def duplicate(path: str, value: Any) -> Cause:
    """A value that must be the only one of its kind."""
    return Cause("FieldValueDuplicate", f"Duplicate value: {shown(value)}", path)


def too_long(path: str, most: int) -> Cause:
    """A text with more than `most` bytes."""
    return Cause("FieldValueTooLong", f"Too long: may not be more than {most} bytes", path)


def too_many(path: str, count: int, most: int) -> Cause:
    """A list or map with more members than it may have."""
    items = "item" if most == 1 else "items"
    return Cause("FieldValueTooMany", f"Too many: {count}: must have at most {most} {items}", path)


def not_found(path: str, value: Any) -> Cause:
    """A value that refers to what is not there."""
    return Cause("FieldValueNotFound", f"Not found: {shown(value)}", path)


def string_map(found: Mapping[str, str] | None) -> Verbatim:
    """A map of strings as Go prints it."""
    if found is None:
        return Verbatim("map[string]string(nil)")
    pairs = ", ".join(f"{shown(key)}:{shown(found[key])}" for key in sorted(found))
    return Verbatim(f"map[string]string{{{pairs}}}")


def strings(found: Iterable[str]) -> Verbatim:
    """A list of strings as Go prints it."""
    return Verbatim(f"[]string{{{', '.join(shown(one) for one in found)}}}")


def label_selector(found: Mapping[str, Any] | None) -> Verbatim:
    """A label selector as Go prints it."""
    if found is None:
        return Verbatim("null")
    labels, listed = string_map(found.get("matchLabels")), []
    for one in found.get("matchExpressions") or ():
        values = strings(one["values"]) if one.get("values") else "[]string(nil)"
        key, operator = shown(one.get("key", "")), shown(one.get("operator", ""))
        listed.append(f"v1.LabelSelectorRequirement{{Key:{key}, Operator:{operator}, Values:{values}}}")
    expressions = f"{{{', '.join(listed)}}}" if listed else "(nil)"
    return Verbatim(
        f"v1.LabelSelector{{MatchLabels:{labels}, MatchExpressions:[]v1.LabelSelectorRequirement{expressions}}}"
    )
