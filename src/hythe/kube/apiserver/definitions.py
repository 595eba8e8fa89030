"""Which resources there are: the built-in ones of the table, and those that CustomResourceDefinitions add and remove.

A `Definition` is one resource in one version (`hythe.kube.objects.schema.resources`). All that the machine does
differently for one resource than for another is said in it, or in `strategies.toml`. Versions of a resource share what
is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from hythe.kube.apiserver.encoding import head
from hythe.kube.objects.schema.resources import Resource, Table

Definition: TypeAlias = Resource


@dataclass(frozen=True, slots=True)
class CustomResource(Resource):
    """A resource that a CustomResourceDefinition made.

    `crd` is that object, `entry` its part of `versions`, `schema` the structural schema in it;
    `fills`: there are defaults in that, which show in what was stored before they were.
    """

    crd: Any = None
    entry: Any = None
    schema: Any = None
    fills: bool = False

    __hash__ = object.__hash__

    @property
    def is_terminating(self) -> bool:
        """Whether the definition is being deleted: nothing new is made then."""
        return "deletionTimestamp" in self.crd["metadata"]


@lru_cache(maxsize=512)
def head_of(api_version: str, kind: str) -> bytes:
    """What the bytes of every object of one kind begin with."""
    return head(api_version, kind)


def is_stored(definition: Definition) -> bool:
    """Whether this is the version in which the objects are kept."""
    return definition.storage == definition.api_version


class Definitions:
    """All resources, found by group, version and plural name."""

    def __init__(self, built_in: Table) -> None:
        self._built_in = {(d.group, d.version, d.plural): d for d in built_in}
        self._custom: dict[tuple[str, str, str], CustomResource] = {}
        self.generation = 0
        """Grows with each change, so that what is made of all definitions can be kept until then."""

    def find(self, group: str, version: str, plural: str) -> Definition | None:
        key = (group, version, plural)
        return self._built_in.get(key) or self._custom.get(key)

    def built_in(self, group: str, version: str, plural: str) -> Definition:
        """A resource that is always there."""
        return self._built_in[group, version, plural]

    def of_kind(self, group: str, version: str, kind: str) -> Definition | None:
        """The resource whose objects are of this kind."""
        return next((d for d in self if d.gvk == (group, version, kind)), None)

    def __iter__(self) -> Iterator[Definition]:
        yield from self._built_in.values()
        yield from self._custom.values()

    def customs(self) -> list[CustomResource]:
        return list(self._custom.values())

    def table(self) -> Table:
        """All of them, for discovery and the like."""
        return Table(self)

    def replace_custom(self, name: str, definitions: Iterable[CustomResource]) -> None:
        """Serve these for the definition named `name` (RESOURCE.GROUP) instead of what was; none: it is gone."""
        kept = {key: d for key, d in self._custom.items() if d.qualified != name}
        self._custom = kept | {(d.group, d.version, d.plural): d for d in definitions}
        self.generation += 1
