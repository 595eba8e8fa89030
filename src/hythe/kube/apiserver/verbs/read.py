"""get and list.

A list without selectors, tables or conversions is the stored bytes joined: nothing is decoded. With a selector the
pages of the store are gone through until enough objects match.
"""

from __future__ import annotations

from aiohttp import web

from hythe.kube.apiserver import shapes
from hythe.kube.apiserver.answer import encoded, ready
from hythe.kube.apiserver.call import Call
from hythe.kube.apiserver.collecting import check_revision, collect
from hythe.kube.apiserver.definitions import CustomResource, Definition, head_of
from hythe.kube.apiserver.encoding import items_joined, list_head
from hythe.kube.apiserver.negotiation import PLAIN
from hythe.kube.apiserver.options import list_options
from hythe.kube.apiserver.records import Kept
from hythe.kube.apiserver.selection import select
from hythe.kube.objects.types import Object


async def get(call: Call) -> web.Response:
    """One object."""
    wanted = call.wanted()
    await check_revision(call, list_options(call.query))
    kept = await call.machine.records.get(call.definition, call.namespace, call.info.name)
    if wanted == PLAIN:
        return ready(kept.json())
    return encoded(shapes.one(call, wanted, kept.object()), media=wanted.media)


async def list_(call: Call) -> web.Response:
    """Many objects, or a part of them."""
    wanted, options = call.wanted(), list_options(call.query)
    found = await collect(call, select(call.definition, call.namespace, options), options)
    metadata = found.metadata()
    if wanted == PLAIN and all(kept.is_plain() for kept in found.kept):
        return ready(_joined(call.definition, found.kept, metadata))
    objects = [kept.object() for kept in found.kept]
    if not wanted.shape and not isinstance(call.definition, CustomResource):
        objects = [_untyped(obj) for obj in objects]
    return encoded(shapes.many(call, wanted, objects, metadata), media=wanted.media)


def _joined(definition: Definition, kept: list[Kept], metadata: Object) -> bytes:
    head = list_head(definition.api_version, definition.list_kind, metadata)
    prefix = head_of(definition.api_version, definition.kind)
    typed = isinstance(definition, CustomResource)
    return b"%b%b]}" % (head, items_joined(((k.raw, k.revision) for k in kept), prefix, typed=typed))


def _untyped(obj: Object) -> Object:
    """Items of built-in lists bear no type, as Kubernetes lists them."""
    return {key: value for key, value in obj.items() if key not in ("apiVersion", "kind")}
