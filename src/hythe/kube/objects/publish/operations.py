"""The paths of an OpenAPI document: for each resource its collection, its objects, and its subresources.

Clients read three things of an operation: its `parameters`, `x-kubernetes-group-version-kind`, and the schema of
what it takes and gives. Operation ids follow Kubernetes' rule (readAppsV1NamespacedDeployment), for generated clients
are named by them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from hythe.kube.objects.publish import parameters
from hythe.kube.objects.schema import definitions
from hythe.kube.objects.schema.resources import Resource, Subresource
from hythe.kube.objects.types import GroupVersionKind, Object

Reference = Callable[[GroupVersionKind], Object]
"""A schema that refers to that of a kind; a plain object where none is known."""

META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1"
_BODIES: Final = ("application/json", "application/yaml")
_PATCHES: Final = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)
_METHODS: Final = {
    "get": "get", "list": "get", "create": "post", "update": "put", "patch": "patch", "delete": "delete",
    "deletecollection": "delete",
}  # fmt: skip
_ACTIONS: Final = {"create": "post", "update": "put"}
_WORDS: Final = {"get": "read", "update": "replace", "deletecollection": "deleteCollection"}
_TEXT: Final = {
    "get": "read the specified {}", "list": "list or watch objects of kind {}", "create": "create a {}",
    "update": "replace the specified {}", "patch": "partially update the specified {}", "delete": "delete a {}",
    "deletecollection": "delete collection of {}", "connect": "connect requests to {}",
}  # fmt: skip
_STREAMS: Final = frozenset(("attach", "exec", "portforward", "proxy"))


def paths(resource: Resource, reference: Reference) -> Iterator[tuple[str, Object]]:
    """Each path of a resource and what is there."""
    base = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
    inside = f"{base}/namespaces/{{namespace}}" if resource.namespaced else base
    collection = _operations(resource, ("list", "create", "deletecollection"), reference)
    if collection:
        yield f"{inside}/{resource.plural}", collection | _common(resource, named=False)
    if resource.namespaced and "list" in resource.verbs:
        everywhere = _operation(resource, "list", reference, "ForAllNamespaces")
        yield f"{base}/{resource.plural}", {"get": everywhere, "parameters": [parameters.PRETTY]}
    one = _operations(resource, ("get", "update", "patch", "delete"), reference)
    if one:
        yield f"{inside}/{resource.plural}/{{name}}", one | _common(resource, named=True)
    for each in resource.subresources.values():
        path = f"{inside}/{resource.plural}/{{name}}/{each.name}"
        yield path, _subresource(resource, each, reference) | _common(resource, named=True)


def _common(resource: Resource, *, named: bool) -> Object:
    found = [parameters.PRETTY]
    if resource.namespaced:
        found.append(parameters.in_path("namespace", "the namespace that the object is in"))
    if named:
        found.append(parameters.in_path("name", f"name of the {resource.kind}"))
    return {"parameters": found}


def _operations(resource: Resource, verbs: tuple[str, ...], reference: Reference) -> Object:
    return {_METHODS[verb]: _operation(resource, verb, reference) for verb in verbs if verb in resource.verbs}


def _operation(resource: Resource, verb: str, reference: Reference, suffix: str = "") -> Object:
    action = _ACTIONS.get(verb, verb)
    gvk = resource.gvk
    scope = "Namespaced" if resource.namespaced and not suffix else ""
    said: Object = {
        "tags": [_tag(resource)],
        "description": _TEXT[verb].format(resource.kind),
        "operationId": f"{_WORDS.get(verb, verb)}{_prefix(gvk)}{scope}{resource.kind}{suffix}",
        "parameters": parameters.of_action(action),
    }
    if body := _body(verb, gvk, reference):
        said["requestBody"] = {"content": body, "required": verb not in ("delete", "deletecollection")}
    said["responses"] = _responses(reference(_answer(resource, verb)), created=verb in ("create", "update"))
    return said | {"x-kubernetes-action": action, "x-kubernetes-group-version-kind": _kind(gvk)}


def _answer(resource: Resource, verb: str) -> GroupVersionKind:
    if verb in ("delete", "deletecollection"):
        return GroupVersionKind("", "v1", "Status")
    return resource.gvk._replace(kind=resource.list_kind) if verb == "list" else resource.gvk


def _body(verb: str, gvk: GroupVersionKind, reference: Reference) -> Object:
    if verb == "patch":
        patch = {"schema": {"$ref": f"#/components/schemas/{META}.Patch"}}
        strategic = definitions.name_of(gvk) is not None  # kubectl sends what it finds here
        return dict.fromkeys(_PATCHES if strategic else _PATCHES[:-1], patch)
    if verb in ("delete", "deletecollection"):
        gvk = GroupVersionKind("", "v1", "DeleteOptions")
    elif verb not in ("create", "update"):
        return {}
    return {media: {"schema": reference(gvk)} for media in _BODIES}


def _responses(schema: Object, *, created: bool) -> Object:
    content = {media: {"schema": schema} for media in _BODIES}
    said = {"200": {"description": "OK", "content": content}, "401": {"description": "Unauthorized"}}
    return said | ({"201": {"description": "Created", "content": content}} if created else {})


def _subresource(resource: Resource, each: Subresource, reference: Reference) -> Object:
    return {
        _METHODS[verb]: _sub_operation(resource, each, verb, reference)
        for verb in each.verbs
        if verb in _METHODS
    }


def _sub_operation(resource: Resource, each: Subresource, verb: str, reference: Reference) -> Object:
    streams = each.name in _STREAMS
    action = "connect" if streams else _ACTIONS.get(verb, verb)
    word = f"connect{_METHODS[verb].capitalize()}" if streams else _WORDS.get(verb, verb)
    scope = "Namespaced" if resource.namespaced else ""
    name = each.name.capitalize()
    said: Object = {
        "tags": [_tag(resource)],
        "description": _TEXT["connect" if streams else verb].format(f"{each.name} of {resource.kind}"),
        "operationId": f"{word}{_prefix(resource.gvk)}{scope}{resource.kind}{name}",
        "parameters": [] if streams else parameters.of_action(action),
    }
    if not streams and (body := _body(verb, each.gvk, reference)):
        said["requestBody"] = {"content": body, "required": True}
    plain = streams or each.name == "log"
    answer = {"type": "string"} if plain else reference(each.gvk)
    said["responses"] = _responses(answer, created=verb in ("create", "update") and not plain)
    return said | {"x-kubernetes-action": action, "x-kubernetes-group-version-kind": _kind(each.gvk)}


def _kind(gvk: GroupVersionKind) -> Object:
    return {"group": gvk.group, "version": gvk.version, "kind": gvk.kind}


def _tag(resource: Resource) -> str:
    return f"{_short(resource.group)}_{resource.version}"


def _short(group: str) -> str:
    """A group without the domain that Kubernetes' own have: rbacAuthorization, apps, core."""
    first, *rest = (group.removesuffix(".k8s.io") or "core").split(".")
    return first + "".join(part.capitalize() for part in rest)


def _prefix(gvk: GroupVersionKind) -> str:
    short = _short(gvk.group)
    return short[0].upper() + short[1:] + gvk.version.capitalize()
