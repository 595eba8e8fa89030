"""What the machine asks about kinds: decode a body, default, validate, show as a Table.

One face for two sources: built-in kinds (`hythe.kube.objects.schema`) and custom resources
(`hythe.kube.objects.custom`), whose schema came with their CustomResourceDefinition.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any

from hythe.kube.apiserver.definitions import CustomResource, Definition
from hythe.kube.objects.custom import columns as custom_columns
from hythe.kube.objects.custom import definition as crds
from hythe.kube.objects.custom import pruning, values
from hythe.kube.objects.custom.rules import Rules
from hythe.kube.objects.schema import columns, defaults, validation, warnings
from hythe.kube.objects.schema.columns import humans
from hythe.kube.objects.schema.decode import FieldValidation, Undecodable, body, settle, typed
from hythe.kube.objects.status import Cause, bad_request, invalid
from hythe.kube.objects.types import GroupVersionKind, Object

CRDS = "customresourcedefinitions.apiextensions.k8s.io"


class Kinds:
    """Knowledge about kinds, by definition."""

    def decode(
        self,
        data: bytes,
        media: str,
        definition: Definition,
        gvk: GroupVersionKind | None,
        strictness: FieldValidation,
    ) -> tuple[Object, list[str]]:
        """A body as an object of the definition's kind (or of `gvk`), and warnings. Raises ApiError."""
        made = body(data, media, gvk or definition.gvk, strictness)
        if gvk is not None or not isinstance(definition, CustomResource):
            return made.object, made.warnings
        pruned, gone = self.pruned(definition, made.object)
        return pruned, [*made.warnings, *settle(gone, definition.gvk, strictness)]

    def pruned(self, definition: Definition, obj: Object) -> tuple[Object, list[str]]:
        """A custom object without what its schema does not know, and what that was; others as they are."""
        if not isinstance(definition, CustomResource) or definition.crd["spec"].get("preserveUnknownFields"):
            return obj, []
        try:
            pruned, gone = pruning.pruned(obj, definition.schema)
        except Undecodable as error:
            kind = definition.kind
            said = f'{kind} in version "{definition.version}" cannot be handled as a {kind}: {error.message}'
            raise bad_request(said) from error
        return pruned, [f'unknown field "{path}"' for path in gone]

    def typed(self, definition: Definition, obj: Object) -> Object:
        """An object that came in parts (applied, made here) in the form that `decode` gives. Raises ApiError."""
        if isinstance(definition, CustomResource):
            return self.pruned(definition, obj)[0]
        try:
            return typed(obj, definition.gvk).object
        except Undecodable as error:
            raise bad_request(error.message) from error

    def default(self, definition: Definition, obj: Object) -> None:
        """Fill in the defaults; twice is the same as once."""
        if isinstance(definition, CustomResource):
            pruning.fill(obj, definition.schema)
            return
        defaults.fill(obj, definition.gvk)
        if definition.qualified == CRDS:
            crds.fill(obj)

    def warnings(self, definition: Definition, obj: Object, old: Object | None) -> list[str]:
        """What is taken but hardly meant: of new objects, and of those whose spec has changed."""
        if isinstance(definition, CustomResource) or (old is not None and old.get("spec") == obj.get("spec")):
            return []
        return warnings.of(obj, definition.gvk)

    def check_create(self, definition: Definition, obj: Object) -> None:
        """Raises ApiError (Invalid)."""
        self._refuse(definition, obj, validation.create(obj, definition), None)

    def check_update(self, definition: Definition, obj: Object, old: Object, subresource: str) -> None:
        """Raises ApiError (Invalid)."""
        self._refuse(definition, obj, validation.update(obj, old, definition, subresource), old)

    def _refuse(self, definition: Definition, obj: Object, causes: list[Cause], old: Object | None) -> None:
        if isinstance(definition, CustomResource):
            before = values.NEW if old is None else old
            causes = causes + values.check(obj, definition.schema, old=before)
            causes = causes or _rules(definition).check(obj, old)
        elif definition.qualified == CRDS:
            causes = causes + crds.check(obj, old)
        if causes:
            raise invalid(definition.qualified_kind, obj["metadata"].get("name", ""), causes)

    def table(
        self, definition: Definition, objects: Sequence[Object], now: str
    ) -> tuple[list[Object], list[list[Any]]]:
        """Column definitions, and the cells of each object. `now`: RFC 3339."""
        if not isinstance(definition, CustomResource):
            return columns.table(definition, objects, now)
        said = definition.entry.get("additionalPrinterColumns") or []
        age = partial(humans.since, now=humans.moment(now))
        return custom_columns.described(said), [custom_columns.cells(obj, said, age) for obj in objects]


@lru_cache(maxsize=256)
def _rules(definition: CustomResource) -> Rules:
    """The rules of a custom resource in one version, compiled once."""
    return Rules(definition.schema)
