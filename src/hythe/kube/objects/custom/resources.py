"""What a CustomResourceDefinition adds to the table of resources: one `Resource` for each version that is served.

Source: apiextensions, pkg/apiserver/customresource_handler.go and customresource_discovery_controller.go.
"""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any, Final, TypeVar

from hythe.kube.objects.schema.resources import ALL_VERBS, Resource, Subresource, selectable
from hythe.kube.objects.types import GroupVersionKind, Object

Made = TypeVar("Made", bound=Resource)

_SCALE: Final = GroupVersionKind("autoscaling", "v1", "Scale")
_RANK: Final = {"": 3, "beta": 2, "alpha": 1}


def served(crd: Object) -> list[tuple[Resource, Object]]:
    """The resources that an established definition makes, the preferred version first, each with its version."""
    found = [each for each in crd["spec"]["versions"] if each.get("served")]
    found.sort(key=lambda each: priority(each["name"]), reverse=True)
    return [(_resource(crd, each), each) for each in found]


def remade(resource: Resource, into: type[Made], **more: Any) -> Made:
    """The same resource as one of a class that says more."""
    return into(**{each.name: getattr(resource, each.name) for each in fields(Resource) if each.init}, **more)


def priority(version: str) -> tuple[int, int, int, str]:
    """How versions are preferred: v2, v1, v1beta2, v1beta1, v1alpha1, then the others by their letters backwards."""
    match = re.fullmatch(r"v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?", version)
    if match is None:
        return 0, 0, 0, "".join(chr(0x10FFFE - ord(character)) for character in version) + "\U0010ffff"
    return _RANK[match[2] or ""], int(match[1]), int(match[3] or 0), ""


def _resource(crd: Object, version: Object) -> Resource:
    spec = crd["spec"]
    names = (crd.get("status") or {}).get("acceptedNames") or spec["names"]
    namespaced = spec["scope"] == "Namespaced"
    paths = (each["jsonPath"].removeprefix(".") for each in version.get("selectableFields") or [])
    return Resource(
        group=spec["group"],
        version=version["name"],
        plural=names["plural"],
        kind=names["kind"],
        singular=names.get("singular") or names["kind"].lower(),
        storage=f"{spec['group']}/{stored(crd)}",
        namespaced=namespaced,
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        verbs=ALL_VERBS,
        subresources=_subresources(spec["group"], version, names["kind"]),
        fields=selectable(paths, namespaced=namespaced),
        generation=True,
        unconditional=False,
    )


def stored(crd: Object) -> str:
    """The version in which objects are kept."""
    return str(next(each["name"] for each in crd["spec"]["versions"] if each.get("storage")))


def _subresources(group: str, version: Object, kind: str) -> dict[str, Subresource]:
    said = version.get("subresources") or {}
    verbs = ("get", "patch", "update")
    found = {}
    if said.get("status") is not None:
        found["status"] = Subresource("status", GroupVersionKind(group, version["name"], kind), verbs)
    if said.get("scale") is not None:
        found["scale"] = Subresource("scale", _SCALE, verbs)
    return found
