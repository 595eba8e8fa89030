"""proxy: an HTTP request passed on to a pod, to one of a service's endpoints, or to a node's kubelet.

.../pods/[SCHEME:]NAME[:PORT]/proxy/PATH
.../services/[SCHEME:]NAME[:PORT]/proxy/PATH
/api/v1/nodes/NAME/proxy/PATH
"""

from __future__ import annotations

import random
import ssl
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import quote

from aiohttp import web

from hythe.kube.apiserver.call import Call
from hythe.kube.apiserver.kubelets import Place
from hythe.kube.apiserver.tunnel import passed_on
from hythe.kube.objects.status import ApiError, bad_request, service_unavailable
from hythe.kube.objects.types import Object


class Target(NamedTuple):
    """What NAME is made of; `port` is a number or a port's name, "" if none was said."""

    scheme: str
    name: str
    port: str


def target_of(text: str) -> Target:
    """Raises ApiError (BadRequest)."""
    parts = text.split(":")
    if len(parts) == 1:
        return Target("http", text, "")
    if len(parts) == 2:
        return Target("http", parts[0], parts[1])
    if len(parts) == 3 and parts[0] in ("", "http", "https"):
        return Target(parts[0] or "http", parts[1], parts[2])
    raise bad_request(f'invalid pod request "{text}"')


async def to_pod(call: Call) -> web.StreamResponse:
    """To the pod's address."""
    target = target_of(call.info.name)
    pod = (await call.machine.records.get(call.definition, call.namespace, target.name)).object()
    address = (pod.get("status") or {}).get("podIP")
    if not address:
        raise bad_request("address not allowed")
    _allowed(address)
    place = Place(address, _pod_port(pod, target), _context(target))
    return await passed_on(call, place, _path(call), raw_headers=True)


def _allowed(address: str) -> None:
    """Pods and endpoints cannot lead the server to itself, or to what only its own host reaches."""
    parsed = ip_address(address)
    if parsed.is_loopback or parsed.is_link_local or parsed.is_multicast or parsed.is_unspecified:
        raise bad_request("address not allowed")


def _pod_port(pod: Object, target: Target) -> int:
    ports = [port for each in pod["spec"]["containers"] for port in each.get("ports") or []]
    if target.port.isdecimal():
        return int(target.port)
    for port in ports:
        if port.get("name", "") == target.port or (not target.port and port.get("protocol", "TCP") == "TCP"):
            return int(port["containerPort"])
    return 443 if target.scheme == "https" else 80


async def to_service(call: Call) -> web.StreamResponse:
    """To one of the service's ready endpoints."""
    target = target_of(call.info.name)
    service = (await call.machine.records.get(call.definition, call.namespace, target.name)).object()
    name = _port_name(service, target)
    definition = call.machine.definitions.built_in("", "v1", "endpoints")
    found = await call.machine.records.find(definition, call.namespace, target.name)
    places = _endpoints(found.object() if found is not None else {}, name)
    if not places:
        raise _nobody(target.name)
    host, port = random.choice(places)
    _allowed(host)
    return await passed_on(call, Place(host, port, _context(target)), _path(call), raw_headers=True)


def _port_name(service: Object, target: Target) -> str | None:
    """The name that the port has in the endpoints; None is any."""
    for port in (service.get("spec") or {}).get("ports") or []:
        if target.port in (str(port.get("port")), port.get("name", "")):
            return str(port.get("name", ""))
    if not target.port:
        return None
    raise service_unavailable(f'no service port "{target.port}" found for service "{target.name}"')


def _endpoints(endpoints: Object, name: str | None) -> list[tuple[str, int]]:
    return [
        (address["ip"], port["port"])
        for subset in endpoints.get("subsets") or []
        for address in subset.get("addresses") or []
        for port in subset.get("ports") or []
        if name is None or port.get("name", "") == name
    ]


def _nobody(name: str) -> ApiError:
    return service_unavailable(f'no endpoints available for service "{name}"')


async def to_node(call: Call) -> web.StreamResponse:
    """To the kubelet."""
    target = target_of(call.info.name)
    place = await call.machine.kubelets.of_node(target.name)
    return await passed_on(call, place, _path(call), raw_headers=True)


def _path(call: Call) -> str:
    path = "/" + quote(call.info.rest, safe="/:@!$&'()*+,;=~") + ("/" if call.info.path.endswith("/") else "")
    query = call.request.rel_url.raw_query_string
    path = path.replace("//", "/")
    return f"{path}?{query}" if query else path


def _context(target: Target) -> ssl.SSLContext | None:
    """Pods' certificates are their own: they are not verified, as in Kubernetes."""
    if target.scheme != "https":
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
