"""Rows of `kubectl get` for custom resources: the name, the columns of the definition, or else the age.

A cell is the first value that a column's path leads to, and must be of the column's type; otherwise it is empty.
Dates are shown as the time that has passed.

Source: apiextensions, pkg/registry/customresource/tableconvertor.
"""

from __future__ import annotations

import json
from typing import Any, Final

from hythe.errors import InvalidArgument
from hythe.kube.objects import jsonpath
from hythe.kube.objects.types import Object

_AGE: Final[Object] = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}
_AGE_TEXT: Final = "The age of the object."


def described(columns: list[Object]) -> list[Object]:
    """The columnDefinitions of a Table; `columns` are a version's additionalPrinterColumns."""
    found: list[Object] = [
        {
            "name": "Name",
            "type": "string",
            "format": "name",
            "description": "The name of the object.",
            "priority": 0,
        }
    ]
    for each in columns or [_AGE]:
        text = (
            each.get("description")
            or f"Custom resource definition column (in JSONPath format): {each['jsonPath']}"
        )
        found.append(
            {
                "name": each["name"],
                "type": each["type"],
                "format": each.get("format", ""),
                "description": text,
                "priority": each.get("priority", 0),
            }
        )
    return found


def cells(obj: Object, columns: list[Object], age: Any) -> list[Any]:
    """One row; `age` is a function of a timestamp giving the text that people see ("5m3s")."""
    return [obj["metadata"].get("name", ""), *(_cell(obj, each, age) for each in columns or [_AGE])]


def _cell(obj: Object, column: Object, age: Any) -> Any:
    try:
        found = jsonpath.find(column["jsonPath"], obj)
    except InvalidArgument:
        return None
    return _typed(found[0], column["type"], age) if found else None


def _typed(value: Any, kind: str, age: Any) -> Any:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if kind == "integer":
        return value if whole else int(value) if isinstance(value, float) else None
    if kind == "number":
        return float(value) if whole or isinstance(value, float) else None
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if kind == "date":
        return age(value) if isinstance(value, str) else None
    return _shown(value)


def _shown(value: Any) -> str:
    """A value of any type as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return json.dumps(value, separators=(",", ":"), sort_keys=True)
    return str(value)
