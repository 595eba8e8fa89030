"""The model written back in the Compose Specification's own words: for `config`, and for the config hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, Final

from hythe.compose.model import FileSource, Project, Service

_HIDDEN: Final = ("place", "name", "key")
# What does not make a container of a service another one.
_NOT_HASHED: Final = (
    "build", "depends_on", "scale", "profiles", "develop", "pull_policy", "attach", "platform",
)  # fmt: skip
_UNITS: Final = (
    ("h", 3600 * 10**9),
    ("m", 60 * 10**9),
    ("s", 10**9),
    ("ms", 10**6),
    ("us", 10**3),
    ("ns", 1),
)

Json = dict[str, Any]


def project(value: Project) -> Json:
    """All of a project, as a Compose file that means the same."""
    result: Json = {
        "name": value.name,
        "services": {key: service(one) for key, one in value.services.items()},
    }
    for key in ("networks", "volumes"):
        found = getattr(value, key)
        if found:
            result[key] = {name: {"name": one.name, **_fields(one)} for name, one in found.items()}
    for key in ("configs", "secrets"):
        found = getattr(value, key)
        if found:
            result[key] = {name: _source(one) for name, one in found.items()}
    return result


def service(value: Service) -> Json:
    """A service; what is as by default is left out."""
    result = _fields(value)
    if "develop" in result:
        result["develop"] = {"watch": result["develop"]}
    if value.networks:
        result["networks"] = {name: _fields(one) or None for name, one in value.networks.items()}
    for name, dependency in value.depends_on.items():
        result["depends_on"][name] = {
            "condition": dependency.condition, "required": dependency.required, **_fields(dependency),
        }  # fmt: skip
    return result


def config_hash(value: Service, files: Mapping[str, FileSource]) -> str:
    """SHA-256 in hexadecimal over what makes a container of this service what it is.

    `files` are the configs and secrets whose content is copied into the container.
    """
    rendered = {key: item for key, item in service(value).items() if key not in _NOT_HASHED}
    copied = {
        name: hashlib.sha256(one.content.encode()).hexdigest()
        for name, one in files.items()
        if one.content is not None
    }
    text = json.dumps([rendered, copied], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def duration(nanoseconds: int) -> str:
    """As Go writes durations: "1m30s"."""
    parts, rest = [], nanoseconds
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def escaped(value: Any) -> Any:
    """With every "$" doubled, so that reading it as a Compose file gives the same again."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, dict):
        return {key: escaped(item) for key, item in value.items()}
    return [escaped(item) for item in value] if isinstance(value, list) else value


def _fields(value: Any) -> Json:
    result: Json = {}
    for one in fields(value):
        item = getattr(value, one.name)
        if one.name not in _HIDDEN and item != _default(one) and item is not None:
            result[one.name] = _value(item, one.metadata.get("as"))
    return result


def _value(item: Any, kind: str | None = None) -> Any:
    if kind == "duration":
        return duration(item)
    if kind == "size":
        return str(item)
    if kind == "mode":
        return f"{item:04o}"
    if is_dataclass(item):
        return _fields(item)
    if isinstance(item, Mapping):
        return {key: _value(one) for key, one in item.items()}
    if isinstance(item, tuple):
        return [_value(one) for one in item]
    return item


def _default(one: Field[Any]) -> Any:
    if one.default is not MISSING:
        return one.default
    return one.default_factory() if one.default_factory is not MISSING else MISSING


def _source(one: FileSource) -> Json:
    result = {"name": one.name, **_fields(one)}
    if one.environment is not None:
        result.pop("content", None)
    return result
