"""One rule of a role: what it allows, what it covers, how people read it.

resources    "pods", "pods/log", "*" (all, with their subresources), "*/scale" (that subresource of all)
names        only these objects; a list, watch or create has no name, so they match it only by metadata.name=
paths        for what is no resource: "/healthz", "/apis/*", "*"
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Any

from hythe.kube.apiserver.identity import Attributes
from hythe.kube.objects.types import Object

ALL = "*"


@dataclass(frozen=True, slots=True)
class Rule:
    """A PolicyRule."""

    verbs: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    resources: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()

    @classmethod
    def read(cls, rule: Object) -> Rule:
        """What is missing or no list of texts counts as empty, and allows nothing."""
        keys = ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs")
        return cls(*(_texts(rule.get(key)) for key in keys))

    def allows(self, wanted: Attributes) -> bool:
        if ALL not in self.verbs and wanted.verb not in self.verbs:
            return False
        if not wanted.resource:
            return any(_path_matches(path, wanted.path) for path in self.paths)
        return (
            (ALL in self.groups or wanted.group in self.groups)
            and _resource_matches(self.resources, wanted.resource, wanted.subresource)
            and (not self.names or wanted.name in self.names)
        )

    def covers(self, one: Rule) -> bool:
        """Whether this rule alone allows all that a rule out of `singles` allows."""
        if not (ALL in self.verbs or one.verbs <= self.verbs):
            return False
        if one.paths:
            return all(any(_path_matches(ours, path) for ours in self.paths) for path in one.paths)
        (resource,) = one.resources
        return (
            (ALL in self.groups or one.groups <= self.groups)
            and _resource_matches(self.resources, *_split(resource))
            and (not self.names or (bool(one.names) and one.names <= self.names))
        )

    def singles(self) -> Iterable[Rule]:
        """The same as rules of one verb, and of one group, resource and name, or one path."""
        names = [frozenset({name}) for name in self.names] or [frozenset()]
        for verb, group, resource, name in product(self.verbs, self.groups, self.resources, names):
            yield Rule(frozenset({verb}), frozenset({group}), frozenset({resource}), name)
        for verb, path in product(self.verbs, self.paths):
            yield Rule(frozenset({verb}), paths=frozenset({path}))

    def as_object(self) -> Object:
        pairs = {
            "verbs": self.verbs,
            "apiGroups": self.groups,
            "resources": self.resources,
            "resourceNames": self.names,
            "nonResourceURLs": self.paths,
        }
        return {key: sorted(values) for key, values in pairs.items() if values}

    def __str__(self) -> str:
        """As Kubernetes shows it: {APIGroups:["apps"], Resources:["deployments"], Verbs:["get"]}."""
        pairs = (
            ("APIGroups", self.groups),
            ("Resources", self.resources),
            ("NonResourceURLs", self.paths),
            ("ResourceNames", self.names),
            ("Verbs", self.verbs),
        )
        return "{" + ", ".join(f"{key}:{quoted(sorted(values))}" for key, values in pairs if values) + "}"


def quoted(texts: Iterable[str]) -> str:
    """A list of texts as Go prints it: ["a" "b"]."""
    return "[" + " ".join(json.dumps(text) for text in texts) + "]"


def _texts(value: Any) -> frozenset[str]:
    return (
        frozenset(text for text in value if isinstance(text, str)) if isinstance(value, list) else frozenset()
    )


def _split(resource: str) -> tuple[str, str]:
    name, _, subresource = resource.partition("/")
    return name, subresource


def _resource_matches(ours: frozenset[str], resource: str, subresource: str) -> bool:
    if ALL in ours:
        return True
    if not subresource:
        return resource in ours
    return f"{resource}/{subresource}" in ours or f"*/{subresource}" in ours


def _path_matches(ours: str, path: str) -> bool:
    if ours.endswith(ALL):
        return path.startswith(ours[:-1])
    return ours == path
