"""finalize: who empties a namespace takes its name out of `spec.finalizers`; with the last one the namespace goes."""

from __future__ import annotations

from aiohttp import web

from hythe.kube.apiserver.bodies import decoded
from hythe.kube.apiserver.call import Call
from hythe.kube.apiserver.lifecycle import meta, named
from hythe.kube.apiserver.options import write_options
from hythe.kube.apiserver.verbs.write import answer
from hythe.kube.apiserver.writing import change_object
from hythe.kube.objects.types import Object


async def update(call: Call) -> web.Response:
    """PUT .../namespaces/NAME/finalize"""
    wanted, options = call.wanted(), write_options(call.query, kind="UpdateOptions")
    sent = await decoded(call, options)
    named(sent, call.info.name)

    async def make(old: Object) -> Object:
        meta(old)["resourceVersion"] = meta(sent).get("resourceVersion", "")
        old["spec"] = {
            **(old.get("spec") or {}),
            "finalizers": (sent.get("spec") or {}).get("finalizers") or [],
        }
        return old

    return answer(
        call, wanted, await change_object(call, call.info.name, options, make, subresource="finalize")
    )
