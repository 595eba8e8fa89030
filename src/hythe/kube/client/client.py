"""The Kubernetes API as a client sees it: objects are dicts, each verb is a method, an error is an `ApiError`.

    async with Client.on_socket("/path/api.sock") as api:
        pod = await api.get(PODS, "web-0", "shop")
        async for event in api.watch(PODS, "shop", resource_version=...): ...

Which paths a resource has is said by `resources.Resource`. A namespace of "" means all of them, or the cluster's own
kinds. Selectors are texts, as in the API. Every verb may wait when the server is overloaded (`transport`).

Kept out: caches (`informer`), streams of exec and attach (the kubelet's and the API server's business).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import msgspec

from hythe.kube.client import failures, kubeconfig
from hythe.kube.client.clock import Clock
from hythe.kube.client.connection import Endpoint
from hythe.kube.client.framing import target
from hythe.kube.client.resources import Resource
from hythe.kube.client.transport import Request, Transport
from hythe.kube.client.watching import WatchEvent, events
from hythe.kube.objects.types import Object

Objects = list[Object]

JSON_PATCH: Final = "application/json-patch+json"
MERGE_PATCH: Final = "application/merge-patch+json"
STRATEGIC_PATCH: Final = "application/strategic-merge-patch+json"
APPLY_PATCH: Final = "application/apply-patch+yaml"

_PAGE: Final = 500


class Page(NamedTuple):
    """A part of a list: `token` leads to the next, "" at the end; `remaining` is 0 where the server does not say."""

    items: Objects
    resource_version: str
    token: str = ""
    remaining: int = 0


class Client:
    """One server, as one user. `manager` is the name under which fields are managed."""

    def __init__(self, transport: Transport, *, manager: str = "hythe", namespace: str = "default") -> None:
        self.transport = transport
        self.manager = manager
        self.namespace = namespace

    @classmethod
    def on_socket(cls, path: str | Path, *, manager: str = "hythe", clock: Clock | None = None) -> Self:
        """Plain HTTP on a unix socket; who may open it is the user."""
        return cls(Transport(Endpoint(str(path)), clock=clock), manager=manager)

    @classmethod
    def from_kubeconfig(cls, path: str | Path, context: str = "", *, manager: str = "hythe") -> Self:
        """Raises as `kubeconfig.read`."""
        access = kubeconfig.read(path, context)
        transport = Transport(access.endpoint, headers=access.headers)
        return cls(transport, manager=manager, namespace=access.namespace)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.transport.close()

    async def get(
        self, resource: Resource, name: str, namespace: str = "", *, subresource: str = "", version: str = ""
    ) -> Object:
        """`version`: a resourceVersion that the answer may be as old as; "" for the newest."""
        query = {"resourceVersion": version} if version else {}
        return await self.call("GET", resource.path(namespace, name, subresource), query)

    async def page(
        self, resource: Resource, namespace: str = "", *, labels: str = "", fields: str = "",
        limit: int = _PAGE, token: str = "", version: str = "",
    ) -> Page:  # fmt: skip
        """One page of a list; `limit` 0 asks for all."""
        query = {
            "labelSelector": labels, "fieldSelector": fields, "limit": str(limit) if limit else "",
            "continue": token, "resourceVersion": version,
        }  # fmt: skip
        answer = await self.call("GET", resource.path(namespace), query)
        meta = answer.get("metadata") or {}
        items = answer.get("items") or []
        for item in items:  # lists leave them out
            item.setdefault("apiVersion", resource.api_version)
            item.setdefault("kind", resource.kind)
        return Page(
            items,
            meta.get("resourceVersion", ""),
            meta.get("continue", ""),
            meta.get("remainingItemCount", 0),
        )

    async def list(
        self, resource: Resource, namespace: str = "", *, labels: str = "", fields: str = "",
        limit: int = _PAGE, version: str = "",
    ) -> Page:  # fmt: skip
        """All pages in one; they are of one moment, the resourceVersion's."""
        page = await self.page(
            resource, namespace, labels=labels, fields=fields, limit=limit, version=version
        )
        items = page.items
        while page.token:
            page = await self.page(
                resource, namespace, labels=labels, fields=fields, limit=limit, token=page.token
            )
            items += page.items
        return Page(items, page.resource_version)

    async def create(
        self, resource: Resource, body: Object, namespace: str = "", *, name: str = "", subresource: str = ""
    ) -> Object:
        """`name` with a `subresource` such as pods/binding or pods/eviction; namespace "" is the object's own."""
        namespace = namespace or _namespace(body)
        if not subresource:
            body = {"apiVersion": resource.api_version, "kind": resource.kind, **body}
        path = resource.path(namespace, name if subresource else "", subresource)
        return await self.call("POST", path, {"fieldManager": self.manager}, body)

    async def update(self, resource: Resource, body: Object, *, subresource: str = "") -> Object:
        """PUT; a metadata.resourceVersion in the object makes it a compare-and-swap."""
        meta = body["metadata"]
        path = resource.path(meta.get("namespace", ""), meta["name"], subresource)
        return await self.call("PUT", path, {"fieldManager": self.manager}, body)

    async def update_status(self, resource: Resource, body: Object) -> Object:
        return await self.update(resource, body, subresource="status")

    async def patch(
        self, resource: Resource, name: str, patch: Any, namespace: str = "", *, kind: str = MERGE_PATCH,
        subresource: str = "",
    ) -> Object:  # fmt: skip
        """`kind` is one of JSON_PATCH (a list of operations), MERGE_PATCH, STRATEGIC_PATCH."""
        path = resource.path(namespace, name, subresource)
        return await self.call("PATCH", path, {"fieldManager": self.manager}, patch, content=kind)

    async def apply(
        self,
        resource: Resource,
        body: Object,
        *,
        manager: str = "",
        force: bool = False,
        subresource: str = "",
    ) -> Object:
        """Server-side apply. Raises ApiError (409) for fields that another manager has, unless `force`."""
        meta = body["metadata"]
        path = resource.path(meta.get("namespace", ""), meta["name"], subresource)
        query = {"fieldManager": manager or self.manager, "force": "true" if force else ""}
        return await self.call("PATCH", path, query, body, content=APPLY_PATCH)

    async def delete(
        self, resource: Resource, name: str, namespace: str = "", *, uid: str = "", version: str = "",
        propagation: str = "", grace: int | None = None,
    ) -> Object:  # fmt: skip
        """`uid` and `version` are preconditions (409 if not met); `propagation`: Background, Foreground or Orphan."""
        return await self.call(
            "DELETE", resource.path(namespace, name), {}, _options(uid, version, propagation, grace)
        )

    async def delete_collection(
        self, resource: Resource, namespace: str = "", *, labels: str = "", fields: str = "",
        propagation: str = "", grace: int | None = None,
    ) -> Object:  # fmt: skip
        query = {"labelSelector": labels, "fieldSelector": fields}
        return await self.call(
            "DELETE", resource.path(namespace), query, _options("", "", propagation, grace)
        )

    async def watch(
        self, resource: Resource, namespace: str = "", *, version: str = "", labels: str = "", fields: str = "",
        bookmarks: bool = True, seconds: int = 0,
    ) -> AsyncIterator[WatchEvent]:  # fmt: skip
        """Events after `version`, until the server ends the watch (after `seconds`, if given).

        Raises ApiError for an ERROR event; 410 (reason Expired) means that the history is gone and a list is due.
        """
        query = {
            "watch": "true", "resourceVersion": version, "labelSelector": labels, "fieldSelector": fields,
            "allowWatchBookmarks": "true" if bookmarks else "", "timeoutSeconds": str(seconds) if seconds else "",
        }  # fmt: skip
        async with self.open("GET", resource.path(namespace), query) as pieces:
            async for event in events(pieces):
                yield event

    async def call(
        self, method: str, path: str, query: dict[str, str] | None = None, body: Any = None, *,
        content: str = "application/json", accept: str = "",
    ) -> Object:  # fmt: skip
        """Any request with a JSON answer; empty parameters are left out. Raises ApiError, Unavailable, Denied."""
        payload = None if body is None else msgspec.json.encode(body)
        headers = {"Content-Type": content} if payload is not None else {}
        headers |= {"Accept": accept} if accept else {}
        answer = await self.transport.exchange(Request(method, _target(path, query), headers, payload))
        if not 200 <= answer.head.status < 300:
            raise failures.of(answer.head, answer.body)
        return failures.decoded(answer.body)

    @asynccontextmanager
    async def open(
        self, method: str, path: str, query: dict[str, str] | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """An answer that is read as it comes (logs, watches); errors are raised at entry."""
        async with self.transport.stream(Request(method, _target(path, query), {})) as (head, pieces):
            if not 200 <= head.status < 300:
                raise failures.of(head, b"".join([piece async for piece in pieces]))
            yield pieces

    async def text(self, path: str, query: dict[str, str] | None = None) -> str:
        """An answer that is no JSON, such as a log or /healthz."""
        async with self.open("GET", path, query) as pieces:
            return b"".join([piece async for piece in pieces]).decode(errors="replace")


def _target(path: str, query: dict[str, str] | None) -> str:
    return target(path, {name: value for name, value in (query or {}).items() if value})


def _namespace(body: Object) -> str:
    return str((body.get("metadata") or {}).get("namespace", ""))


def _options(uid: str, version: str, propagation: str, grace: int | None) -> Object:
    options: Object = {"apiVersion": "v1", "kind": "DeleteOptions"}
    preconditions = {"uid": uid, "resourceVersion": version}
    if any(preconditions.values()):
        options["preconditions"] = {name: value for name, value in preconditions.items() if value}
    if propagation:
        options["propagationPolicy"] = propagation
    if grace is not None:
        options["gracePeriodSeconds"] = grace
    return options
