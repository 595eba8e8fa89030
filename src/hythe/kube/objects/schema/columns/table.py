"""Column definitions and rows, from `columns.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any, Final

from hythe.kube.objects.schema import gotypes
from hythe.kube.objects.schema.columns import (
    cells_cluster,
    cells_pods,
    cells_services,
    cells_workloads,
    humans,
)
from hythe.kube.objects.schema.data import read
from hythe.kube.objects.schema.resources import Resource
from hythe.kube.objects.types import GroupVersionKind, Object

Cell = Callable[[Object, datetime], Any]
CELLS: Final[dict[str, Cell]] = {
    **cells_pods.CELLS,
    **cells_workloads.CELLS,
    **cells_services.CELLS,
    **cells_cluster.CELLS,
}
_PLAIN: Final = {"Name": "name", "Created At": "date metadata.creationTimestamp"}
_SHORT: Final = {"name": "string metadata.name", "age": "string @age"}
_AGE: Final = "metadata.creationTimestamp"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: how it is described to clients, and how a cell is made of an object and the present time."""

    name: str
    type: str
    format: str
    description: str
    priority: int
    cell: Cell

    def as_object(self) -> Object:
        """A TableColumnDefinition."""
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": self.description,
            "priority": self.priority,
        }


def table(resource: Resource, objects: Iterable[Object], now: str) -> tuple[list[Object], list[list[Any]]]:
    """The column definitions of a built-in resource, and the cells of each object.

    The objects are in the resource's own version; `now` is a time in RFC 3339.
    """
    columns = columns_of(resource)
    present = humans.moment(now)
    rows = [[column.cell(obj, present) for column in columns] for obj in objects]
    return [column.as_object() for column in columns], rows


def columns_of(resource: Resource) -> tuple[Column, ...]:
    """The columns of a resource; of one that is not built in, its name and when it was created."""
    return _columns(resource.qualified, resource.gvk)


@cache
def _said() -> dict[str, dict[str, str]]:
    text = resources.files(__package__).joinpath("columns.toml").read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = tomllib.loads(text)
    return found


@cache
def _columns(qualified: str, gvk: GroupVersionKind) -> tuple[Column, ...]:
    said = _said().get(qualified, _PLAIN)
    return tuple(_column(name, line, gvk) for name, line in said.items())


def _column(name: str, line: str, gvk: GroupVersionKind) -> Column:
    wide, line = line.startswith("+"), line.removeprefix("+")
    form = "name" if line == "name" or line == "string @storage_class_name" else ""
    kind, _, rest = _SHORT.get(line, line).partition(" ")
    source, _, default = (part.strip() for part in rest.partition("|"))
    path = {"@age": _AGE, "@storage_class_name": "metadata.name"}.get(source, source.lstrip("#"))
    return Column(name, kind, form, _description(path, gvk), int(wide), _cell(kind, source, default))


def _description(path: str, gvk: GroupVersionKind) -> str:
    """What OpenAPI says of the field at `path`; empty for what is no field."""
    struct = gotypes.of_kind(gvk)
    text = ""
    for key in path.split("."):
        if struct is None or key not in struct.fields:
            return ""
        if struct.name in read("descriptions"):
            text = read("descriptions")[struct.name][1].get(key, "")
        kind = struct.fields[key].type
        struct = kind.struct if kind.sort == "struct" else None
    return text


def _cell(kind: str, source: str, default: str) -> Cell:
    if source.startswith("@"):
        return CELLS[source[1:]]
    path = tuple(source.lstrip("#").split("."))
    if source.startswith("#"):
        return lambda obj, now: _typed(len(_reach(obj, path) or ()), kind)
    missing: Any = default or {"integer": 0, "boolean": False, "date": None}.get(kind, "")

    def cell(obj: Object, now: datetime) -> Any:
        found = _reach(obj, path)
        return missing if found in (None, "") else _typed(found, kind)

    return cell


def _reach(obj: Object, path: tuple[str, ...]) -> Any:
    found: Any = obj
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _typed(value: Any, kind: str) -> Any:
    return str(value) if kind == "string" else value
