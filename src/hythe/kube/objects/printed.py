"""JSON values as Go prints them, for messages that are Kubernetes' own."""

from __future__ import annotations

import json
from typing import Any


def plain(value: Any) -> str:
    """As `%v` does: `map[a:1 b:[x y]]`, `<nil>`, texts as they are."""
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{plain(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(plain(each) for each in value) + "]"
    if value is None or isinstance(value, bool):
        return {None: "<nil>", True: "true", False: "false"}[value]
    return str(value)


def syntax(value: Any) -> str:
    """As `%#v` does with what JSON decodes to."""
    if isinstance(value, dict):
        pairs = ", ".join(f"{json.dumps(key)}:{syntax(value[key])}" for key in sorted(value))
        return f"map[string]interface {{}}{{{pairs}}}"
    if isinstance(value, list):
        return f"[]interface {{}}{{{', '.join(syntax(each) for each in value)}}}"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return "interface {}(nil)" if value is None else plain(value)


def type_name(value: Any) -> str:
    """As `%T` does with what JSON decodes to."""
    names = {
        dict: "map[string]interface {}",
        list: "[]interface {}",
        bool: "bool",
        str: "string",
        int: "int64",
    }
    return "<nil>" if value is None else names.get(type(value), "float64")
