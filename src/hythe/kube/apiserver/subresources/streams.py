"""log, exec, attach and port-forward of pods: passed on to the pod's kubelet.

The kubelet's paths and parameters are the real one's (pkg/kubelet/server): /containerLogs, /exec, /attach,
/portForward.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, urlencode

from aiohttp import web

from hythe.kube.apiserver.answer import ready
from hythe.kube.apiserver.call import Call
from hythe.kube.apiserver.request import truth
from hythe.kube.apiserver.subresources.containers import chosen
from hythe.kube.apiserver.tunnel import passed_on
from hythe.kube.objects.status import Cause, bad_request, invalid
from hythe.kube.objects.types import Object

_LOG_PARAMETERS: Final = (
    "follow", "previous", "sinceSeconds", "sinceTime", "timestamps", "tailLines", "limitBytes", "stream",
)  # fmt: skip
_STREAMS: Final = {"stdin": "input", "stdout": "output", "stderr": "error", "tty": "tty"}


async def log(call: Call) -> web.StreamResponse:
    """GET .../log. A pod without a node has none yet: 204."""
    pod = await _pod(call)
    _check_log(call)
    container = chosen(pod, call.query.get("container", ""))
    if not (pod.get("spec") or {}).get("nodeName"):
        return ready(b"", 204, "text/plain")
    query = [(name, call.query[name]) for name in _LOG_PARAMETERS if name in call.query]
    return await _to_kubelet(call, pod, "containerLogs", container, query)


def _check_log(call: Call) -> None:
    causes = []
    for name in ("tailLines", "limitBytes", "sinceSeconds"):
        text = call.query.get(name)
        if text is None:
            continue
        try:
            number = int(text)
        except ValueError as error:
            raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from error
        least = 0 if name == "tailLines" else 1
        if number < least:
            why = f"Invalid value: {number}: must be greater than or equal to {least}"
            causes.append(Cause("FieldValueInvalid", why, name))
    if "sinceSeconds" in call.query and "sinceTime" in call.query:
        why = "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified"
        causes.append(Cause("FieldValueForbidden", why, ""))
    if causes:
        raise invalid("PodLogOptions", call.info.name, causes)


async def exec_(call: Call) -> web.StreamResponse:
    """GET or POST .../exec"""
    pod = await _pod(call)
    container = chosen(pod, call.query.get("container", ""))
    _running(pod)
    commands = call.request.query.getall("command", [])
    if not commands:
        raise invalid("PodExecOptions", "", [Cause("FieldValueRequired", "Required value", "command")])
    query = [*_streams(call), *(("command", each) for each in commands)]
    return await _to_kubelet(call, pod, "exec", container, query)


async def attach(call: Call) -> web.StreamResponse:
    """GET or POST .../attach"""
    pod = await _pod(call)
    container = chosen(pod, call.query.get("container", ""))
    return await _to_kubelet(call, pod, "attach", container, _streams(call))


async def port_forward(call: Call) -> web.StreamResponse:
    """GET or POST .../portforward"""
    pod = await _pod(call)
    ports = [("port", each) for each in call.request.query.getall("ports", [])]
    return await _to_kubelet(call, pod, "portForward", "", ports)


def _streams(call: Call) -> list[tuple[str, str]]:
    found = [(theirs, "1") for ours, theirs in _STREAMS.items() if truth(call.query.get(ours))]
    if not found:
        raise bad_request("you must specify at least 1 of stdin, stdout, stderr")
    return found


def _running(pod: Object) -> None:
    phase = (pod.get("status") or {}).get("phase", "")
    if phase in ("Succeeded", "Failed"):
        raise bad_request(f"cannot exec into a container in a completed pod; current phase is {phase}")


async def _pod(call: Call) -> Object:
    return (await call.machine.records.get(call.definition, call.namespace, call.info.name)).object()


async def _to_kubelet(
    call: Call, pod: Object, what: str, container: str, query: Iterable[tuple[str, str]]
) -> web.StreamResponse:
    place = await call.machine.kubelets.of_pod(pod)
    parts = [what, call.namespace, call.info.name, *([container] if container else [])]
    path = "/" + "/".join(quote(part, safe="") for part in parts)
    text = urlencode(list(query), quote_via=quote)
    return await passed_on(call, place, f"{path}?{text}" if text else path, refusals=what == "containerLogs")
