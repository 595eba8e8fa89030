"""Server-side apply: a manager says what it wants of an object, made if it is not there yet.

Fields that another manager owns with another value are a conflict (409, each of them named) unless `force` takes them.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from hythe.kube.apiserver import body, ownership
from hythe.kube.apiserver.call import Call
from hythe.kube.apiserver.lifecycle import meta, named, place
from hythe.kube.apiserver.negotiation import YAML, Wanted
from hythe.kube.apiserver.options import WriteOptions
from hythe.kube.apiserver.verbs.write import answer
from hythe.kube.apiserver.writing import change_object, create_object
from hythe.kube.objects.schema.decode import Undecodable, parse, settle
from hythe.kube.objects.status import ApiError, Cause, bad_request, conflict, invalid, not_found
from hythe.kube.objects.types import GroupVersionKind, Object

APPLY: Final = "application/apply-patch+yaml"


async def apply(call: Call, wanted: Wanted, options: WriteOptions) -> web.Response:
    """PATCH with what is wanted."""
    if not options.manager:
        text = "Required value: is required for apply patch"
        raise invalid("PatchOptions.meta.k8s.io", "", [Cause("FieldValueRequired", text, "fieldManager")])
    config = await _config(call, options)
    name, subresource = call.info.name, call.info.subresource

    async def make(live: Object) -> Object:
        return ownership.applied(call, live, config, options, subresource)

    try:
        outcome = await change_object(call, name, options, make, subresource=subresource, applied=True)
        return answer(call, wanted, outcome)
    except ApiError as error:
        if error.code != 404 or subresource or error.details.get("name") != name:
            raise
    return await _first(call, wanted, config, options)


async def _first(call: Call, wanted: Wanted, config: Object, options: WriteOptions) -> web.Response:
    if meta(config).get("uid"):
        why = f"uid mismatch: the provided object specified uid {meta(config)['uid']}, and no existing object was found"
        raise conflict(call.definition.qualified, call.info.name, why)
    if meta(config).get("resourceVersion"):
        raise not_found(call.definition.qualified, call.info.name)
    made = ownership.applied(call, {}, config, options, "")
    try:
        return answer(call, wanted, await create_object(call, made, options, applied=True), 201)
    except ApiError as error:
        if error.reason != "AlreadyExists":
            raise
    return await _again(call, wanted, config, options)


async def _again(call: Call, wanted: Wanted, config: Object, options: WriteOptions) -> web.Response:
    """Somebody else has made the object in between."""

    async def make(live: Object) -> Object:
        return ownership.applied(call, live, config, options, "")

    return answer(call, wanted, await change_object(call, call.info.name, options, make, applied=True))


async def _config(call: Call, options: WriteOptions) -> Object:
    """The body. Raises ApiError if it is no object of the kind, or names another."""
    data = await body.read(call.request)
    try:
        value, problems = parse(data, YAML)
    except Undecodable as error:
        raise bad_request(f"error decoding YAML: {error.message}") from error
    if not isinstance(value, dict):
        raise bad_request("error decoding YAML: the configuration is no object")
    if value.get("kind") != call.definition.kind:
        raise bad_request(f"Object 'Kind' is missing or wrong: expected {call.definition.kind}")
    named(value, call.info.name)
    place(value, call.definition, call.namespace)
    call.warnings += settle(problems, GroupVersionKind.of(value), options.validation)
    return value
