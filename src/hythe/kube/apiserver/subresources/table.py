"""Which handler answers which verb of which subresource: by its name, or by resource and name where that differs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from aiohttp import web

from hythe.kube.apiserver.call import Call
from hythe.kube.apiserver.subresources import binding, eviction, finalize, proxy, scale, streams, token
from hythe.kube.apiserver.verbs import patch, read, write
from hythe.kube.objects.schema.resources import Resource

Handlers: TypeAlias = Mapping[str, Callable[[Call], Awaitable[web.StreamResponse]]]

_PART: Final[Handlers] = {"get": read.get, "update": write.update, "patch": patch.patch}

_HTTP: Final = ("create", "delete", "get", "patch", "update")

SUBRESOURCES: Final[dict[str, Handlers]] = {
    "approval": _PART,
    "binding": {"create": binding.create},
    "ephemeralcontainers": _PART,
    "eviction": {"create": eviction.create},
    "finalize": {"update": finalize.update},
    "scale": {"get": scale.get, "update": scale.update, "patch": scale.patch},
    "status": _PART,
    "token": {"create": token.create},
    "log": {"get": streams.log},
    "exec": {"get": streams.exec_, "create": streams.exec_},
    "attach": {"get": streams.attach, "create": streams.attach},
    "portforward": {"get": streams.port_forward, "create": streams.port_forward},
    "nodes/proxy": dict.fromkeys(_HTTP, proxy.to_node),
    "pods/proxy": dict.fromkeys(_HTTP, proxy.to_pod),
    "services/proxy": dict.fromkeys(_HTTP, proxy.to_service),
}

COLLECTIONS: Final[dict[str, Handlers]] = {"bindings": {"create": binding.create_on_pod}}
"""Resources whose objects are not kept: what is posted does something, or is only asked."""


def handlers_of(resource: Resource, subresource: str) -> Handlers:
    """By verb; none for a subresource that nothing answers."""
    found = SUBRESOURCES.get(f"{resource.qualified}/{subresource}") or SUBRESOURCES.get(subresource)
    return found or {}
