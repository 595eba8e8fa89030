"""A request's body as an object of the kind that its path takes."""

from __future__ import annotations

from hythe.kube.apiserver import body
from hythe.kube.apiserver.call import Call
from hythe.kube.apiserver.options import WriteOptions
from hythe.kube.objects.status import bad_request
from hythe.kube.objects.types import GroupVersionKind, Object


async def decoded(call: Call, options: WriteOptions, gvk: GroupVersionKind | None = None) -> Object:
    """The body, with its defaults. `gvk`: the subresource's own kind. Raises ApiError."""
    media = body.media_of(call.request)
    data = await body.read(call.request)
    if not data:
        raise bad_request("unexpected empty body")
    obj, warnings = call.machine.kinds.decode(data, media, call.definition, gvk, options.validation)
    call.warnings += warnings
    return obj


async def delete_body(call: Call) -> Object | None:
    """The DeleteOptions of a delete; None if it has no body."""
    data = await body.read(call.request)
    if not data:
        return None
    obj, _ = call.machine.kinds.decode(
        data,
        body.media_of(call.request),
        call.definition,
        GroupVersionKind("", "v1", "DeleteOptions"),
        "Ignore",
    )
    return obj
