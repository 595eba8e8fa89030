"""create and update: a whole object comes in."""

from __future__ import annotations

from aiohttp import web

from hythe.kube.apiserver import shapes
from hythe.kube.apiserver.answer import encoded, ready
from hythe.kube.apiserver.bodies import decoded
from hythe.kube.apiserver.call import Call
from hythe.kube.apiserver.lifecycle import meta, named, place
from hythe.kube.apiserver.negotiation import PLAIN, Wanted
from hythe.kube.apiserver.options import write_options
from hythe.kube.apiserver.records import Kept
from hythe.kube.apiserver.writing import Outcome, change_object, create_object
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import Object


async def create(call: Call) -> web.Response:
    """POST of a new object."""
    wanted, options = call.wanted(), write_options(call.query, kind="CreateOptions")
    obj = await decoded(call, options)
    return answer(call, wanted, await create_object(call, obj, options), 201)


async def update(call: Call) -> web.Response:
    """PUT of an object or of its status; where the resource takes that, of a new one."""
    wanted, options = call.wanted(), write_options(call.query, kind="UpdateOptions")
    obj = await decoded(call, options)
    name, subresource = call.info.name, call.info.subresource
    named(obj, name)
    place(obj, call.definition, call.namespace)

    async def make(_: Object) -> Object:
        return {**obj, "metadata": dict(meta(obj))}

    try:
        return answer(call, wanted, await change_object(call, name, options, make, subresource=subresource))
    except ApiError as error:
        if error.code != 404 or not call.definition.upsert or subresource or meta(obj).get("uid"):
            raise
    meta(obj).pop("resourceVersion", None)
    return answer(call, wanted, await create_object(call, obj, options), 201)


def answer(call: Call, wanted: Wanted, outcome: Outcome, status: int = 200) -> web.Response:
    """What a write led to, in the form that the client wants."""
    if isinstance(outcome, Kept):
        if wanted == PLAIN:
            return ready(outcome.json(), status)
        outcome = outcome.object()
    return encoded(shapes.one(call, wanted, outcome), status, wanted.media)
