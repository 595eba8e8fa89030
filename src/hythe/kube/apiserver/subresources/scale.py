"""scale: how many replicas, of whatever has replicas, as one small object of autoscaling/v1.

In built-in resources the numbers stand at the same places; a custom resource says where its own are.
"""

from __future__ import annotations

import json
from typing import Any, Final

from aiohttp import web

from hythe.kube.apiserver import body
from hythe.kube.apiserver.answer import encoded
from hythe.kube.apiserver.bodies import decoded
from hythe.kube.apiserver.call import Call
from hythe.kube.apiserver.definitions import CustomResource, Definition
from hythe.kube.apiserver.lifecycle import meta, named
from hythe.kube.apiserver.options import WriteOptions, write_options
from hythe.kube.apiserver.patching import JSON_PATCH, MERGE, STRATEGIC, Patch
from hythe.kube.apiserver.records import Kept
from hythe.kube.apiserver.writing import change_object
from hythe.kube.objects import labels
from hythe.kube.objects.custom import scale as custom_scale
from hythe.kube.objects.status import Cause, invalid
from hythe.kube.objects.types import GroupVersionKind, Object

SCALE: Final = GroupVersionKind("autoscaling", "v1", "Scale")
_FIELDS: Final = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def scale_of(definition: Definition, obj: Object) -> Object:
    """The object's Scale."""
    if isinstance(definition, CustomResource):
        return custom_scale.read(obj, definition.entry["subresources"]["scale"], definition.qualified)
    spec, there = obj.get("spec") or {}, obj.get("status") or {}
    status: Object = {"replicas": there.get("replicas", 0)}
    selector = _selector(spec.get("selector") or {})
    if selector:
        status["selector"] = selector
    metadata = {key: value for key, value in meta(obj).items() if key in _FIELDS}
    wanted = {"replicas": spec["replicas"]} if spec.get("replicas") else {}
    return {
        "kind": SCALE.kind,
        "apiVersion": SCALE.api_version,
        "metadata": metadata,
        "spec": wanted,
        "status": status,
    }


def _selector(said: Object) -> str:
    typed = "matchLabels" in said or "matchExpressions" in said
    return str(labels.from_object(said) if typed else labels.from_labels(said))


def with_replicas(definition: Definition, obj: Object, scale: Object) -> Object:
    """The object with the replicas that a Scale asks for. Raises ApiError (Invalid, Conflict later by the revision)."""
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    if not isinstance(replicas, int) or replicas < 0:
        text = f"Invalid value: {json.dumps(replicas)}: must be greater than or equal to 0"
        raise invalid(
            "Scale.autoscaling", meta(obj)["name"], [Cause("FieldValueInvalid", text, "spec.replicas")]
        )
    if isinstance(definition, CustomResource):
        obj = custom_scale.write(obj, definition.entry["subresources"]["scale"], replicas)
    else:
        obj["spec"]["replicas"] = replicas
    if meta(scale).get("resourceVersion"):
        meta(obj)["resourceVersion"] = meta(scale)["resourceVersion"]
    return obj


async def get(call: Call) -> web.Response:
    """GET .../scale"""
    wanted = call.wanted()
    kept = await call.machine.records.get(call.definition, call.namespace, call.info.name)
    return encoded(scale_of(call.definition, kept.object()), media=wanted.media)


async def update(call: Call) -> web.Response:
    """PUT .../scale"""
    options = write_options(call.query, kind="UpdateOptions")
    scale = await decoded(call, options, SCALE)
    named(scale, call.info.name)

    async def make(old: Object) -> Object:
        if not meta(scale).get("resourceVersion"):
            meta(old).pop("resourceVersion", None)
        return with_replicas(call.definition, old, scale)

    return await changed(call, options, make)


async def patch(call: Call) -> web.Response:
    """PATCH .../scale: the patch is laid on the Scale, which has no lists that a strategic one could merge."""
    options = write_options(call.query, kind="PatchOptions")
    media = body.media_of(call.request, (JSON_PATCH, MERGE, STRATEGIC))
    sent = Patch(MERGE if media == STRATEGIC else media, await body.read(call.request))

    async def make(old: Object) -> Object:
        scale, warnings = sent.laid_on(scale_of(call.definition, old), SCALE, options.validation)
        call.warnings += warnings
        return with_replicas(call.definition, old, scale)

    return await changed(call, options, make)


async def changed(call: Call, options: WriteOptions, make: Any) -> web.Response:
    """Write, and answer with the new Scale."""
    wanted = call.wanted()
    outcome = await change_object(call, call.info.name, options, make, subresource="scale")
    obj = outcome.object() if isinstance(outcome, Kept) else outcome
    return encoded(scale_of(call.definition, obj), media=wanted.media)
