"""The difference of two JSON values as a merge patch (RFC 7386). Pure.

A status is written as its difference to what the cache shows, without a resourceVersion: nobody else writes it, and a
controller that is ahead of its cache does not run into conflicts with itself.
"""

from __future__ import annotations

from typing import Any

from hythe.kube.client.client import Client
from hythe.kube.client.resources import Resource
from hythe.kube.objects.types import Object


def difference(before: Object, after: Object) -> Object:
    """What a merge patch must say to make `after` of `before`; empty when they are equal."""
    patch: Object = {name: None for name in before if name not in after}
    for name, value in after.items():
        known: Any = before.get(name)
        if known == value:
            continue
        if isinstance(known, dict) and isinstance(value, dict):
            patch[name] = difference(known, value)
        else:
            patch[name] = value
    return patch


async def write_status(client: Client, kind: Resource, body: Object, status: Object) -> Object:
    """Make the status of `body` so; no request when it is. Raises ApiError (409) when the object is another by now."""
    patch = difference(body.get("status") or {}, status)
    if not patch:
        return body
    meta = body["metadata"]
    change = {"metadata": {"uid": meta["uid"]}, "status": patch}
    return await client.patch(kind, meta["name"], change, meta.get("namespace", ""), subresource="status")
