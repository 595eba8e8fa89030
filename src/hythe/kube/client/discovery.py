"""Which kinds a server has, custom ones among them, and what can be done with each.

Asked in the aggregated form, two requests for everything. Of a kind that is served in several versions only the
preferred one is given. A group that its server says is stale is reported, so that nobody mistakes its absence for
emptiness.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from hythe.kube.client.client import Client
from hythe.kube.client.resources import Resource
from hythe.kube.objects.types import Object

_AGGREGATED: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


class Served(NamedTuple):
    resource: Resource
    verbs: frozenset[str]


class Discovery(NamedTuple):
    """`stale`: groups of which nothing certain is known."""

    served: list[Served]
    stale: list[str]

    def having(self, *verbs: str) -> list[Resource]:
        """Kinds that can be treated so."""
        return [each.resource for each in self.served if each.verbs.issuperset(verbs)]


async def discover(client: Client) -> Discovery:
    """Raises ApiError and Unavailable."""
    found = Discovery([], [])
    for path in ("/api", "/apis"):
        answer = await client.call("GET", path, accept=_AGGREGATED)
        for group in answer.get("items") or ():
            _read(group, found)
    return found


def _read(group: Object, found: Discovery) -> None:
    name = (group.get("metadata") or {}).get("name", "")
    seen: set[str] = set()
    for version in group.get("versions") or ():
        if version.get("freshness") == "Stale":
            found.stale.append(f"{name}/{version['version']}")
        for each in _resources(name, version):
            if each.resource.plural not in seen:
                seen.add(each.resource.plural)
                found.served.append(each)


def _resources(group: str, version: Object) -> Iterable[Served]:
    for each in version.get("resources") or ():
        kind = (each.get("responseKind") or {}).get("kind", "")
        resource = Resource(
            group, version["version"], each["resource"], kind, each.get("scope") == "Namespaced"
        )
        yield Served(resource, frozenset(each.get("verbs") or ()))
