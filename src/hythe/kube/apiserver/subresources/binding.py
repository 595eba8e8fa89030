"""binding: a pod gets its node, once. The scheduler's only write to a pod's spec."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from aiohttp import web

from hythe.kube.apiserver.answer import encoded
from hythe.kube.apiserver.bodies import decoded
from hythe.kube.apiserver.call import Call
from hythe.kube.apiserver.lifecycle import check_preconditions, meta
from hythe.kube.apiserver.options import write_options
from hythe.kube.apiserver.writing import change_object
from hythe.kube.objects.status import ApiError, Cause, bad_request, conflict, invalid
from hythe.kube.objects.types import GroupVersionKind, Object

BINDING: Final = GroupVersionKind("", "v1", "Binding")


async def create(call: Call) -> web.Response:
    """POST .../pods/NAME/binding"""
    options = write_options(call.query, kind="CreateOptions")
    binding = await decoded(call, options, BINDING)
    name = call.info.name or meta(binding).get("name", "")
    if meta(binding).get("name", name) != name:
        raise bad_request("name in URL does not match name in Binding object")
    target = binding.get("target") or {}
    _check(target, name)

    async def make(pod: Object) -> Object:
        check_preconditions(
            call.definition, pod, meta(binding).get("uid"), meta(binding).get("resourceVersion")
        )
        return bound(pod, target["name"], meta(binding), call.machine.timestamp())

    await change_object(call, name, options, make, subresource="binding")
    return encoded(SUCCESS, 201)


async def create_on_pod(call: Call) -> web.Response:
    """POST .../bindings: the same; the binding's name is the pod's."""
    return await create(replace(call, definition=call.machine.definitions.built_in("", "v1", "pods")))


SUCCESS: Final[Object] = {
    "kind": "Status",
    "apiVersion": "v1",
    "metadata": {},
    "status": "Success",
    "code": 201,
}


def _check(target: Object, name: str) -> None:
    kind = target.get("kind", "")
    if kind not in ("", "Node"):
        text = f'Unsupported value: "{kind}": supported values: "Node", ""'
        raise invalid("Binding", name, [Cause("FieldValueNotSupported", text, "target.kind")])
    if not target.get("name"):
        raise invalid("Binding", name, [Cause("FieldValueRequired", "Required value", "target.name")])


def bound(pod: Object, node: str, metadata: Object, now: str) -> Object:
    """The pod on its node. Raises ApiError (Conflict) if it may not go there."""
    spec, name = pod["spec"], meta(pod)["name"]
    if "deletionTimestamp" in meta(pod):
        raise _refused(name, f"pod {name} is being deleted, cannot be assigned to a host")
    if spec.get("nodeName"):
        raise _refused(name, f'pod {name} is already assigned to node "{spec["nodeName"]}"')
    if spec.get("schedulingGates"):
        raise _refused(name, f"pod {name} has non-empty .spec.schedulingGates")
    spec["nodeName"] = node
    if metadata.get("annotations"):
        meta(pod)["annotations"] = {**(meta(pod).get("annotations") or {}), **metadata["annotations"]}
    status = pod.setdefault("status", {})
    others = [each for each in status.get("conditions") or [] if each["type"] != "PodScheduled"]
    scheduled = {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": now}
    status["conditions"] = [*others, scheduled]
    return pod


def _refused(name: str, why: str) -> ApiError:
    return conflict("pods/binding", name, why)
