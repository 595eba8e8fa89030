"""Whatever a client sends of a built-in kind, its way from bytes to a row ends in an object or a Kubernetes error."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from hythe.kube.objects.schema import columns, convert, decode, defaults, gotypes, validation
from hythe.kube.objects.schema.gotypes import Struct, Type
from hythe.kube.objects.schema.resources import Resource, builtin
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import Object

WORDS = [
    "",
    "a",
    "x" * 300,
    "A B",
    "../x",
    "10%",
    "-1",
    "None",
    "Always",
    "Indexed",
    "ClusterIP",
    "ExternalName",
    "a/b/c",
]
NUMBERS = [0, 1, -1, 80, 2**31 - 1, -(2**31)]
DEPTH = 9


class Maker:
    """Random values of Go's types; sometimes nothing, sometimes something of another type."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def struct(self, struct: Struct, depth: int = 0) -> Object:
        few = 0.9 if depth < 2 else 0.35
        return {
            key: self.value(field.type, depth + 1)
            for key, field in struct.fields.items()
            if self.random.random() < few and key not in ("kind", "apiVersion") and depth < DEPTH
        }

    def value(self, kind: Type, depth: int) -> Any:
        if self.random.random() < 0.002:
            return self.random.choice([None, 1, "x", [], {}, True])
        if kind.sort == "struct":
            return self.struct(kind.struct, depth)
        if kind.sort == "list" and kind.item:
            return [self.value(kind.item, depth) for _ in range(self.random.randint(0, 2))]
        if kind.sort == "map" and kind.item:
            return {
                self.random.choice(WORDS): self.value(kind.item, depth)
                for _ in range(self.random.randint(0, 2))
            }
        return self.scalar(kind.sort)

    def scalar(self, sort: str) -> Any:
        if sort == "bool":
            return self.random.random() < 0.5
        if sort in ("time", "micro-time"):
            return "2024-01-01T00:00:00Z"
        if sort == "quantity":
            return self.random.choice(["1", "-1", "100m", "1Gi", "0"])
        if sort == "int-or-string":
            return self.random.choice([*NUMBERS[:4], *WORDS])
        if sort == "string":
            return self.random.choice(WORDS)
        if sort == "bytes":
            return "eA=="
        if sort.startswith("schema-or") or sort in ("raw", "any", "empty"):
            return self.random.choice([{}, {"type": "object"}, True, [{"type": "x"}]])
        return self.random.choice(NUMBERS)


def way(value: Object, found: Resource, old: Object | None) -> Object | None:
    """The object that came of it; None if it was refused."""
    try:
        obj = decode.body(json.dumps(value).encode(), "application/json", found.gvk, "Ignore").object
    except ApiError as error:
        assert error.code == 400
        return None
    defaults.fill(obj, found.gvk)
    for cause in validation.create(obj, found) + (validation.update(obj, old, found) if old else []):
        assert cause.reason.startswith("FieldValue") and cause.message
    json.dumps(obj)
    described, rows = columns.table(found, [obj], "2024-06-01T00:00:00Z")
    assert len(rows[0]) == len(described)
    if found.storage != found.api_version:
        there = convert.to(obj, found.storage)
        convert.to(there, found.api_version)
    return obj


@pytest.mark.parametrize("found", builtin().resources, ids=lambda found: f"{found.qualified}-{found.version}")
def test_the_way_of_any_object(found: Resource) -> None:
    struct = gotypes.of_kind(found.gvk)
    assert struct
    old: Object | None = None
    came_through = 0
    for seed in range(30):
        value = Maker(seed).struct(struct)
        metadata = value.get("metadata")
        value["metadata"] = {**metadata, "name": "a"} if isinstance(metadata, dict) else {"name": "a"}
        made = way(value, found, old)
        came_through += made is not None
        old = made or old
    nothing = way({"metadata": {"name": "a"}}, found, old)
    assert nothing is not None and came_through
