"""What the machine asks about kinds: decode a body, default, validate, show as a Table.

One face for two sources: built-in kinds (`hythe.kube.objects.schema`) and custom resources, whose schema came with
their CustomResourceDefinition.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hythe.kube.apiserver.definitions import Definition
from hythe.kube.objects.schema import columns, defaults
from hythe.kube.objects.schema.decode.body import FieldValidation, body
from hythe.kube.objects.status import Cause, invalid
from hythe.kube.objects.types import GroupVersionKind, Object


class Kinds:
    """Knowledge about kinds, by definition."""

    def decode(
        self,
        data: bytes,
        media: str,
        definition: Definition,
        gvk: GroupVersionKind | None,
        validation: FieldValidation,
    ) -> tuple[Object, list[str]]:
        """A body as an object of the definition's kind (or of `gvk`), and warnings. Raises ApiError."""
        made = body(data, media, gvk or definition.gvk, validation)
        return made.object, made.warnings

    def default(self, definition: Definition, obj: Object) -> None:
        """Fill in the defaults; twice is the same as once."""
        defaults.fill(obj, definition.gvk)

    def check_create(self, definition: Definition, obj: Object) -> None:
        """Raises ApiError (Invalid)."""
        if not obj["metadata"].get("name"):
            text = "Required value: name or generateName is required"
            raise invalid(definition.qualified_kind, "", [Cause("FieldValueRequired", text, "metadata.name")])

    def check_update(self, definition: Definition, obj: Object, old: Object, subresource: str) -> None:
        """Raises ApiError (Invalid)."""

    def table(
        self, definition: Definition, objects: Sequence[Object], now: str
    ) -> tuple[list[Object], list[list[Any]]]:
        """Column definitions, and the cells of each object. `now`: RFC 3339."""
        return columns.table(definition, objects, now)
