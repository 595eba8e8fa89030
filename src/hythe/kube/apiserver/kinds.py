"""What the machine asks about kinds: decode a body, default, validate, show as a Table.

One face for two sources: built-in kinds (`hythe.kube.objects.schema`) and custom resources, whose schema came with
their CustomResourceDefinition.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import yaml

from hythe.kube.apiserver.definitions import Definition
from hythe.kube.apiserver.negotiation import YAML
from hythe.kube.objects.status import bad_request, invalid
from hythe.kube.objects.types import GroupVersionKind, Object


class Kinds:
    """Knowledge about kinds, by definition."""

    def decode(
        self, body: bytes, media: str, definition: Definition, gvk: GroupVersionKind | None, validation: str
    ) -> tuple[Object, list[str]]:
        """A body as an object of the definition's kind (or of `gvk`), and warnings. Raises ApiError."""
        obj = self.loads(body, media)
        gvk = gvk or definition.gvk
        obj.setdefault("apiVersion", gvk.api_version)
        obj.setdefault("kind", gvk.kind)
        return obj, []

    def loads(self, body: bytes, media: str) -> Object:
        """A body of which only the shape of an object is asked."""
        try:
            found: Any = yaml.safe_load(body) if media == YAML else msgspec.json.decode(body)
        except (msgspec.DecodeError, yaml.YAMLError) as error:
            raise bad_request(f"the object provided is unrecognized: {error}") from error
        if not isinstance(found, dict):
            raise bad_request("the object provided is unrecognized (must be of an object type)")
        return found

    def default(self, definition: Definition, obj: Object) -> None:
        """Fill in the defaults; twice is the same as once."""

    def check_create(self, definition: Definition, obj: Object) -> None:
        """Raises ApiError (Invalid)."""
        if not obj["metadata"].get("name"):
            raise invalid(definition.qualified_kind, "", [])

    def check_update(self, definition: Definition, obj: Object, old: Object, subresource: str) -> None:
        """Raises ApiError (Invalid)."""

    def table(
        self, definition: Definition, objects: Sequence[Object], now: str
    ) -> tuple[list[Object], list[list[Any]]]:
        """Column definitions, and the cells of each object."""
        columns = [{"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0}]
        return columns, [[obj["metadata"]["name"]] for obj in objects]
