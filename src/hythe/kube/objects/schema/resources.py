"""The table of resources: what is served, under which names, with which verbs.

`resources.toml`, beside this file, holds the built-in ones, a line each; `builtin()` reads it once. A
CustomResourceDefinition becomes the same `Resource`, so that whoever serves, lists or describes resources needs no
second way. What a resource's objects look like is not said here but in `definitions`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources as package
from typing import Any

from hythe.kube.objects.types import GroupVersionKind

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class Subresource:
    """`/status`, `/scale`, `/log`, ...: `gvk` is the kind of what is sent to it and answered."""

    name: str
    gvk: GroupVersionKind
    verbs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource in one version. The fields are those of `resources.toml`, which says what each means.

    `fields` maps the name that a field selector uses to the path it is read from, both dotted; `metadata.name` and
    `metadata.namespace` (of what is in namespaces) are among them. `storage` is the apiVersion in which objects are
    kept: resources of one group resource with the same `storage` are one set of objects.
    """

    group: str
    version: str
    plural: str
    kind: str
    singular: str
    storage: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: Mapping[str, Subresource] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    generation: bool = False
    unconditional: bool = True
    upsert: bool = False
    orphan: bool = False
    graceful: bool = False
    api_version: str = field(init=False, compare=False, default="")
    """Group and version in one, kept since it is asked for with every object of every list."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "api_version", self.gvk.api_version)

    @property
    def gvk(self) -> GroupVersionKind:
        return GroupVersionKind(self.group, self.version, self.kind)

    @property
    def list_kind(self) -> str:
        return f"{self.kind}List"

    @property
    def qualified(self) -> str:
        """`deployments.apps`, as error messages and `kubectl get` name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def qualified_kind(self) -> str:
        """`Deployment.apps`, as messages of invalid objects name it."""
        return f"{self.kind}.{self.group}" if self.group else self.kind

    @property
    def stored_group(self) -> str:
        """The group under which the objects are kept: that of `storage` (events.k8s.io's are core events)."""
        return GroupVersionKind.parse(self.storage, self.kind).group


class Table:
    """Resources by plural and by kind. `versions` lists the versions of each group, the preferred one first."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self.resources = tuple(resources)
        self._by_plural = {(r.group, r.version, r.plural): r for r in self.resources}
        self._by_kind = {r.gvk: r for r in self.resources}
        self.versions: dict[str, tuple[str, ...]] = {}
        for r in self.resources:
            known = self.versions.get(r.group, ())
            if r.version not in known:
                self.versions[r.group] = (*known, r.version)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources)

    def __len__(self) -> int:
        return len(self.resources)

    def get(self, group: str, version: str, plural: str) -> Resource | None:
        return self._by_plural.get((group, version, plural))

    def of_kind(self, gvk: GroupVersionKind) -> Resource | None:
        return self._by_kind.get(gvk)

    def of_version(self, group: str, version: str) -> list[Resource]:
        return [r for r in self.resources if (r.group, r.version) == (group, version)]


@cache
def builtin() -> Table:
    """The resources of `resources.toml`, in its order."""
    said = tomllib.loads(package.files(__package__).joinpath("resources.toml").read_text(encoding="utf-8"))
    subresources = said.pop("subresources")
    return Table(
        _resource(api_version, plural, line, subresources)
        for api_version, lines in said.items()
        for plural, line in lines.items()
    )


def _resource(api_version: str, plural: str, line: dict[str, Any], subresources: dict[str, Any]) -> Resource:
    kind = line["kind"]
    group, version, _ = gvk = GroupVersionKind.parse(api_version, kind)
    namespaced = not line.get("cluster", False)
    return Resource(
        group=group,
        version=version,
        plural=plural,
        kind=kind,
        singular=line.get("singular", kind.lower()),
        storage=line.get("stored", api_version),
        namespaced=namespaced,
        short_names=tuple(line.get("short", ())),
        categories=tuple(line.get("categories", ())),
        verbs=tuple(line.get("verbs", ALL_VERBS)),
        subresources={name: _subresource(name, plural, gvk, subresources) for name in line.get("sub", ())},
        fields=selectable(line.get("fields", ()), namespaced=namespaced),
        generation=line.get("generation", False),
        unconditional=line.get("unconditional", True),
        upsert=line.get("upsert", False),
        orphan=line.get("orphan", False),
        graceful=line.get("graceful", False),
    )


def _subresource(name: str, plural: str, gvk: GroupVersionKind, known: dict[str, Any]) -> Subresource:
    said = known.get(f"{plural}/{name}") or known[name]
    if "kind" in said:
        api_version, _, kind = said["kind"].rpartition("/")
        gvk = GroupVersionKind.parse(api_version, kind)
    return Subresource(name, gvk, tuple(said["verbs"]))


def selectable(named: Iterable[str], *, namespaced: bool) -> dict[str, str]:
    """The paths that a field selector may name: what every object has, and `named` ("a.b", or "a=b.c")."""
    paths = {"metadata.name": "metadata.name"}
    if namespaced:
        paths["metadata.namespace"] = "metadata.namespace"
    for one in named:
        alias, _, path = one.partition("=")
        paths[alias] = path or alias
    return paths
