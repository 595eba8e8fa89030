"""The OpenAPI v3 schemas of the built-in kinds, by name and by kind, with every x-kubernetes extension.

A schema is named as in Kubernetes' own document, `io.k8s.api.apps.v1.Deployment`, and refers to others by
`#/components/schemas/NAME`. Descriptions are kept apart, for only documents and `kubectl explain` need them. What is
returned is shared: never change it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hythe.kube.objects.schema.data import read
from hythe.kube.objects.types import GroupVersionKind, Object

REF: Final = "#/components/schemas/"
_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1."
# Kinds that every group and version has; they are described once.
_EVERYWHERE: Final = frozenset(
    "DeleteOptions Status WatchEvent CreateOptions UpdateOptions PatchOptions ListOptions".split()
)


def all_definitions() -> Mapping[str, Any]:
    """Every schema by its name."""
    return read("definitions")


def definition(name: str) -> Object:
    """The schema of that name; `KeyError` if there is none."""
    schema: Object = read("definitions")[name]
    return schema


def name_of(gvk: GroupVersionKind) -> str | None:
    """The name of the schema of a kind; None for what is not built in."""
    if gvk.kind in _EVERYWHERE:
        return _META + gvk.kind
    return read("kinds").get(f"{gvk.api_version}/{gvk.kind}")


def of_kind(gvk: GroupVersionKind) -> Object | None:
    """The schema of a kind; None for what is not built in."""
    name = name_of(gvk)
    return definition(name) if name else None


def resolve(schema: Object) -> Object:
    """`schema`, or what it refers to."""
    ref = schema.get("$ref")
    return definition(str(ref).removeprefix(REF)) if ref else schema


def described(name: str) -> Object:
    """A copy of the schema of that name with its descriptions, and those of its properties."""
    text, properties = read("descriptions")[name]
    schema = definition(name)
    made = {"description": text, **schema} if text else dict(schema)
    if "properties" in schema:
        made["properties"] = {
            key: {"description": properties[key], **one} if key in properties else one
            for key, one in schema["properties"].items()
        }
    return made
