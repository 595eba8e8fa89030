"""Discovery: which groups, versions, resources and verbs are served.

Clients ask `/api` and `/apis` for the aggregated form first (`aggregated`, apidiscovery.k8s.io), which answers for
everything in two requests, and otherwise walk: `versions` at /api, `groups` at /apis, `group` at /apis/GROUP and
`resources` at /api/v1 and /apis/GROUP/VERSION. The order of versions is that of preference.

Source: Kubernetes, "API discovery"; k8s.io/api apidiscovery/v2 and apimachinery's meta/v1 types.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hythe.kube.objects.schema.resources import Resource, Subresource, Table
from hythe.kube.objects.types import GroupVersionKind, Object

AGGREGATED: Final = ("v2", "v2beta1")
"""The versions of apidiscovery.k8s.io that are spoken, the better one first."""


def media_type(version: str) -> str:
    """The Content-Type that an aggregated answer must have, exactly."""
    return f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"


def aggregated(table: Table, version: str, *, core: bool) -> Object:
    """The answer at /api (`core`) or /apis in the aggregated form, of one of `AGGREGATED`."""
    names = [name for name in table.versions if (name == "") == core]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{version}",
        "metadata": {},
        "items": [_aggregated_group(table, name) for name in names],
    }


def _aggregated_group(table: Table, name: str) -> Object:
    return {
        "metadata": {"name": name, "creationTimestamp": None} if name else {"creationTimestamp": None},
        "versions": [
            {
                "version": version,
                "resources": [_aggregated_resource(each) for each in table.of_version(name, version)],
                "freshness": "Current",
            }
            for version in table.versions[name]
        ],
    }


def _aggregated_resource(resource: Resource) -> Object:
    said: Object = {
        "resource": resource.plural,
        "responseKind": _kind(resource.gvk),
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": sorted(resource.verbs),
    }
    if resource.short_names:
        said["shortNames"] = list(resource.short_names)
    if resource.categories:
        said["categories"] = list(resource.categories)
    if resource.subresources:
        said["subresources"] = [
            {"subresource": each.name, "responseKind": _kind(each.gvk), "verbs": sorted(each.verbs)}
            for each in _subresources(resource)
        ]
    return said


def _kind(gvk: GroupVersionKind) -> Object:
    return {"group": gvk.group, "version": gvk.version, "kind": gvk.kind}


def _subresources(resource: Resource) -> list[Subresource]:
    return [resource.subresources[name] for name in sorted(resource.subresources)]


def versions(address: str) -> Object:
    """The plain answer at /api; `address` is this server's, HOST:PORT."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def groups(table: Table) -> Object:
    """The plain answer at /apis."""
    found = [_group(table, name) for name in table.versions if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": found}


def group(table: Table, name: str) -> Object | None:
    """The answer at /apis/NAME; None if there is no such group."""
    if not name or name not in table.versions:
        return None
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(table, name)}


def _group(table: Table, name: str) -> Object:
    found = [{"groupVersion": f"{name}/{version}", "version": version} for version in table.versions[name]]
    return {"name": name, "versions": found, "preferredVersion": found[0]}


def resources(table: Table, name: str, version: str) -> Object | None:
    """The answer at /api/v1 or /apis/NAME/VERSION; None if there is no such version."""
    if version not in table.versions.get(name, ()):
        return None
    said: Object = {"kind": "APIResourceList"}
    if name:
        said["apiVersion"] = "v1"
    said["groupVersion"] = f"{name}/{version}" if name else version
    said["resources"] = list(_plain(table.of_version(name, version)))
    return said


def _plain(found: Iterable[Resource]) -> Iterable[Object]:
    for resource in found:
        said: Object = {
            "name": resource.plural,
            "singularName": resource.singular,
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": sorted(resource.verbs),
        }
        if resource.short_names:
            said["shortNames"] = list(resource.short_names)
        if resource.categories:
            said["categories"] = list(resource.categories)
        yield said
        for each in _subresources(resource):
            yield _plain_subresource(resource, each)


def _plain_subresource(resource: Resource, each: Subresource) -> Object:
    said: Object = {
        "name": f"{resource.plural}/{each.name}",
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": each.gvk.kind,
        "verbs": sorted(each.verbs),
    }
    if (each.gvk.group, each.gvk.version) != (resource.group, resource.version):
        said |= {"group": each.gvk.group, "version": each.gvk.version}
    return said
