"""A JSON value as expressions see it, by its schema: numbers are doubles, formats are what they mean."""

from __future__ import annotations

from typing import Any

from hythe.kube.objects.cel import library, values
from hythe.kube.objects.cel.types import FORMATS
from hythe.kube.objects.types import Object


def adapted(value: Any, schema: Object) -> Any:
    """A value as expressions see it: numbers as doubles, formats as what they mean; null for what is null."""
    kind = schema.get("type")
    if isinstance(value, dict):
        properties, more = schema.get("properties", {}), schema.get("additionalProperties")
        inner = more if isinstance(more, dict) else {}
        return {name: adapted(each, properties.get(name, inner)) for name, each in value.items()}
    if isinstance(value, list):
        return [adapted(each, schema.get("items") or {}) for each in value]
    if kind == "number" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind == "integer" and isinstance(value, float):
        return int(value)
    if kind != "string" or not isinstance(value, str):
        return value
    try:
        form = FORMATS.get(str(schema.get("format", "")), "")
        if form.endswith("Duration"):
            return values.duration(value)
        if form.endswith("Timestamp"):
            return library.to_timestamp(value if "T" in value.upper() else f"{value}T00:00:00Z")
    except values.EvaluationError:
        return value
    return value.encode() if form == "bytes" else value
