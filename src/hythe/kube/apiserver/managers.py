"""The field managers of all kinds: one for each resource, version and subresource, made when first needed.

A manager must know the shape of its kind in every version in which fields may have been named, and how an object is
converted between them; and which fields its path leaves alone.
"""

from __future__ import annotations

from typing import Final

from hythe.kube.apiserver.conversion import convert
from hythe.kube.apiserver.definitions import CustomResource, Definition, Definitions
from hythe.kube.objects import shape
from hythe.kube.objects.apply import fieldset
from hythe.kube.objects.apply.manager import FieldManager
from hythe.kube.objects.apply.ownership import Versions
from hythe.kube.objects.publish import openapi
from hythe.kube.objects.types import GroupVersionKind, Object

_STATUS: Final = fieldset.of_paths([("f:status",)])
_ALL_BUT_STATUS: Final = fieldset.of_paths([("f:spec",)])


class Managers:
    """The field managers of all kinds, made when they are first needed."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._made: dict[tuple[str, str, str], FieldManager] = {}
        self._generation = definitions.generation

    def of(self, definition: Definition, subresource: str) -> FieldManager:
        """Of one resource in one version, at its own path or a subresource's."""
        if self._generation != self._definitions.generation:
            self._made, self._generation = {}, self._definitions.generation
        key = (definition.qualified, definition.api_version, subresource)
        if key not in self._made:
            self._made[key] = FieldManager(
                _Versions(self._definitions, definition).versions(subresource),
                definition.api_version,
                subresource,
            )
        return self._made[key]


class _Versions:
    """In which versions a resource is served."""

    def __init__(self, definitions: Definitions, definition: Definition) -> None:
        self._definitions, self._definition = definitions, definition

    def versions(self, subresource: str) -> Versions:
        ignored: fieldset.FieldSet = {}
        if subresource == "status":
            ignored = _ALL_BUT_STATUS
        elif "status" in self._definition.subresources:
            ignored = _STATUS
        return Versions(self.shape_of, self.convert, ignored)

    def _served(self, api_version: str) -> Definition | None:
        group, version, _ = GroupVersionKind.parse(api_version, "")
        return self._definitions.find(group, version, self._definition.plural)

    def shape_of(self, api_version: str) -> shape.Shape | None:
        served = self._served(api_version)
        if served is None:
            return None
        if isinstance(served, CustomResource):
            return shape.of_schema(openapi.custom_schema(served.gvk, served.schema))
        return shape.of_kind(served.gvk)

    def convert(self, obj: Object, api_version: str) -> Object | None:
        served = self._served(api_version)
        return None if served is None else convert(served, obj, api_version)
