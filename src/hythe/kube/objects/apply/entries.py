"""`metadata.managedFields`: read into owners and written back.

An owner is a manager with its operation (Apply or Update), apiVersion and subresource. Those who apply are the same
owner in every apiVersion. Times are RFC 3339 with seconds. The entries stand in Kubernetes' order: Apply before
Update, then by time, manager, apiVersion, subresource.

Source: apimachinery, pkg/util/managedfields/internal/managedfields.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from hythe.kube.objects.apply import paths
from hythe.kube.objects.apply.fieldset import FieldSet, ordered
from hythe.kube.objects.types import Object

APPLY = "Apply"
UPDATE = "Update"
_MAX_NAME = 128


class Manager(NamedTuple):
    """Who owns: an applier's `api_version` is empty here, for it may change."""

    name: str
    operation: str
    api_version: str = ""
    subresource: str = ""

    def __str__(self) -> str:
        """As conflicts name it: `"kubectl-client-side-apply" using apps/v1`."""
        said = paths.text(self.name)
        if self.subresource:
            said += f" with subresource {paths.text(self.subresource)}"
        return f"{said} using {self.api_version}" if self.operation == UPDATE else said


@dataclass(frozen=True, slots=True)
class Owned:
    """What one manager owns, in which apiVersion its fields are named, and since when."""

    fields: FieldSet
    api_version: str
    time: str = ""

    def with_fields(self, fields: FieldSet) -> Owned:
        return replace(self, fields=fields)


Owners = dict[Manager, Owned]


class BadEntries(ValueError):
    """A client's managedFields cannot be understood."""


def manager_name(field_manager: str, user_agent: str) -> str:
    """Who changes: the fieldManager that was asked for, or what the User-Agent begins with."""
    if field_manager:
        return field_manager
    prefix = user_agent.split("/", 1)[0]
    return (
        "".join(character for character in prefix if character.isprintable())
        .encode()[:_MAX_NAME]
        .decode(errors="ignore")
    )


def read(managed: Iterable[Any] | None) -> Owners:
    """The owners in managedFields. Raises `BadEntries`."""
    owners: Owners = {}
    for entry in managed or ():
        owners[_manager(entry)] = Owned(
            _fields(entry), str(entry.get("apiVersion", "")), str(entry.get("time") or "")
        )
    return owners


def _manager(entry: Any) -> Manager:
    if not isinstance(entry, dict) or entry.get("operation") not in (APPLY, UPDATE):
        raise BadEntries("operation must be `Apply` or `Update`")
    operation = str(entry["operation"])
    version = "" if operation == APPLY else str(entry.get("apiVersion", ""))
    return Manager(str(entry.get("manager", "")), operation, version, str(entry.get("subresource", "")))


def _fields(entry: Object) -> FieldSet:
    if entry.get("fieldsType", "FieldsV1") != "FieldsV1":
        raise BadEntries("fieldsType must be `FieldsV1`")
    fields = entry.get("fieldsV1", {})
    if not isinstance(fields, dict):
        raise BadEntries("fieldsV1 must be an object")
    return fields


def check(fields: FieldSet) -> None:
    """Raises `BadEntries` for a key that is no path element; for sets that a client sends."""
    for element, below in fields.items():
        if not isinstance(below, dict) or (element != "." and not paths.is_element(element)):
            raise BadEntries(f"unable to decode {element}")
        check(below)


def write(owners: Owners) -> list[Object]:
    """managedFields of these owners."""
    entries = [_entry(manager, owned) for manager, owned in owners.items()]
    return sorted(entries, key=_place)


def _entry(manager: Manager, owned: Owned) -> Object:
    entry: Object = {
        "manager": manager.name,
        "operation": manager.operation,
        "apiVersion": owned.api_version,
        "time": owned.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": owned.fields,
        "subresource": manager.subresource,
    }
    return {key: value for key, value in entry.items() if value or key == "fieldsV1"}


def _place(entry: Object) -> tuple[str, ...]:
    return tuple(
        str(entry.get(key, "")) for key in ("operation", "time", "manager", "apiVersion", "subresource")
    )


def in_order(owned: Owned) -> Owned:
    """With the fields sorted as they are stored; for sets that have changed."""
    return owned.with_fields(ordered(owned.fields))
