"""YAML text to the values that JSON can hold, as Kubernetes' YAML library (YAML 1.1, goyaml v2) reads it.

libyaml makes nodes of the text; plain scalars are understood here, since PyYAML takes `12:30` for a number and a date
for a date. A `yes` is true, `0777` is octal, a date stays text. An anchor used over and over may not make a small
text large: what is made of a node again is counted.
"""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from hythe.kube.objects.schema.decode.failures import Undecodable

MAX_REPEATED: Final = 50_000
MAX_DEPTH: Final = 300
_TRUE: Final = {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"}
_FALSE: Final = {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"}
_NULL: Final = {"", "~", "null", "Null", "NULL"}
_NOT_FINITE: Final = {sign + dot for sign in ("", "+", "-") for dot in (".inf", ".Inf", ".INF")} | {
    ".nan",
    ".NaN",
    ".NAN",
}
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INTEGER: Final = re.compile(r"([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)")


def loads(data: bytes) -> tuple[Any, list[str]]:
    """The first document in `data`, and what is said of keys that stand twice. `Undecodable` if it is no YAML."""
    try:
        node = yaml.compose(data, Loader=_LOADER)
        reader = _Reader()
        return (reader.value(node, 0) if node is not None else None), reader.duplicates
    except yaml.MarkedYAMLError as error:
        raise Undecodable(_message(error)) from error
    except (yaml.YAMLError, RecursionError, UnicodeDecodeError) as error:
        raise Undecodable(f"error converting YAML to JSON: yaml: {error}") from error


_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _message(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    where = f"line {mark.line + 1}: " if mark else ""
    return f"error converting YAML to JSON: yaml: {where}{error.problem or error.context}"


class _Reader:
    def __init__(self) -> None:
        self.seen: set[int] = set()
        self.repeated = 0
        self.duplicates: list[str] = []

    def value(self, node: yaml.Node, depth: int) -> Any:
        if id(node) in self.seen:
            self.repeated += 1
        self.seen.add(id(node))
        if self.repeated > MAX_REPEATED:
            raise Undecodable("error converting YAML to JSON: yaml: document contains excessive aliasing")
        if depth > MAX_DEPTH:
            raise Undecodable("error converting YAML to JSON: yaml: exceeded max depth")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(one, depth + 1) for one in node.value]
        return scalar(node)

    def _mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                merged = {**self._merged(value_node, depth), **merged}
                continue
            key = _key(key_node)
            if key in made:
                line = key_node.start_mark.line + 1
                self.duplicates.append(
                    f'yaml: unmarshal errors:\n  line {line}: key "{key}" already set in map'
                )
            made[key] = self.value(value_node, depth + 1)
        return {**merged, **made}

    def _merged(self, node: yaml.Node, depth: int) -> dict[str, Any]:
        values = [self.value(node, depth + 1)]
        if isinstance(values[0], list):
            values = values[0]
        made: dict[str, Any] = {}
        for one in reversed(values):
            if not isinstance(one, dict):
                raise Undecodable(
                    "error converting YAML to JSON: yaml: map merge requires map or sequence of maps as the value"
                )
            made |= one
        return made


def _key(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise Undecodable("error converting YAML to JSON: yaml: invalid map key: a mapping or a sequence")
    value = scalar(node)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)


def scalar(node: yaml.Node) -> Any:
    """The value of a scalar: by its tag where it has one, by its looks where it stands plain."""
    assert isinstance(node, yaml.ScalarNode)
    text = str(node.value)
    explicit = node.tag.removeprefix("tag:yaml.org,2002:")
    if node.style in ("'", '"', "|", ">") or explicit in ("binary", "str"):
        # An untagged plain scalar that PyYAML takes for text may still be a number for Kubernetes.
        return text if node.style or explicit == "binary" else plain(text)
    return plain(text)


def plain(text: str) -> Any:
    """What a plain scalar means."""
    if text in _NULL:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if text in _NOT_FINITE:
        raise Undecodable(f"error converting YAML to JSON: json: unsupported value: {text}")
    bare = text.replace("_", "") if text[0] in "+-.0123456789" else text
    if match := _INTEGER.fullmatch(bare):
        return int(match[1] + _based(match[2]), 0)
    return float(bare) if _FLOAT.fullmatch(bare) else text


def _based(digits: str) -> str:
    """`0777` as Python writes octal numbers."""
    return f"0o{digits[1:]}" if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit() else digits
