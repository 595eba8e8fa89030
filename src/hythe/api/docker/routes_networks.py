"""Networks: create, list, inspect, remove, connect, disconnect, prune."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from hythe.api.docker.errors import json_response
from hythe.api.docker.filters import Filters
from hythe.api.docker.parameters import Parameters
from hythe.api.docker.routing import Route
from hythe.api.docker.translate.create import endpoint
from hythe.api.docker.translate.networks_json import network_json, network_request
from hythe.api.docker.translate.prune import older_than
from hythe.api.docker.types.networks import ConnectRequest, DisconnectRequest, NetworkCreateRequest
from hythe.errors import Conflict, InvalidArgument, NotFound
from hythe.network.model import PREDEFINED

if TYPE_CHECKING:
    from hythe.api.docker.call import Call
    from hythe.network.model import NetworkRecord

_KEYS: Final = ("dangling", "driver", "id", "label", "name", "scope", "type")


async def create(call: Call) -> web.StreamResponse:
    record = await call.engine.networks.create(network_request(await call.body(NetworkCreateRequest)))
    return json_response({"Id": record.id, "Warning": ""}, status=201)


async def list_(call: Call) -> web.StreamResponse:
    filters = call.filters()
    found = [n for n in call.engine.networks.list() if _matches(call, n, filters)]
    return json_response([network_json(network) for network in found])


def _matches(call: Call, network: NetworkRecord, filters: Filters) -> bool:
    dangling, kind = filters.flag("dangling"), "builtin" if network.name in PREDEFINED else "custom"
    return (
        filters.any_part("name", [network.name])
        and filters.any_prefix("id", [network.id])
        and filters.any_of("driver", ["null" if network.driver == "none" else network.driver])
        and filters.any_of("scope", ["local"])
        and filters.any_of("type", [kind])
        and filters.labels_hold(network.labels)
        and (dangling is None or dangling == (kind == "custom" and not _used(call, network)))
    )


def _used(call: Call, network: NetworkRecord) -> bool:
    """A container names it, running or not."""
    return any(network.name in c.endpoints for c in call.engine.containers.list())


async def inspect(call: Call) -> web.StreamResponse:
    network = call.engine.networks.get(call.ref)
    if call.text("scope") not in ("", "local"):
        raise NotFound(f"network {call.ref} not found", hint="networks of a swarm do not exist here")
    names = {c.id: c.name for c in call.engine.containers.list()}
    return json_response(network_json(network, call.engine.networks.endpoints(network.id), names))


async def remove(call: Call) -> web.StreamResponse:
    await call.engine.networks.remove(call.ref)
    return web.Response(status=204)


async def connect(call: Call) -> web.StreamResponse:
    body = await call.body(ConnectRequest)
    if not body.container:
        raise InvalidArgument("the container to connect was not given")
    await call.engine.containers.connect(call.ref, body.container, endpoint(body.endpoint_config))
    return web.Response(status=200)


async def disconnect(call: Call) -> web.StreamResponse:
    body = await call.body(DisconnectRequest)
    if not body.container:
        raise InvalidArgument("the container to disconnect was not given")
    await call.engine.containers.disconnect(call.ref, body.container, force=body.force)
    return web.Response(status=200)


async def prune(call: Call) -> web.StreamResponse:
    """Remove networks that no container is connected to; a stopped container's stay."""
    filters = call.filters()
    accept = older_than(filters)
    removed = []
    for network in call.engine.networks.list():
        if network.name in PREDEFINED or _used(call, network) or not accept(network.created):
            continue
        if not filters.prunable_labels(network.labels):
            continue
        try:
            await call.engine.networks.remove(network.id)
        except Conflict:
            continue
        removed.append(network.name)
    return json_response({"NetworksDeleted": removed})


ROUTES: Final = (
    Route("GET", "/networks", list_, "List networks", Parameters(filters=_KEYS)),
    Route("POST", "/networks/create", create, "Create a network", Parameters(body=NetworkCreateRequest)),
    Route(
        "POST",
        "/networks/prune",
        prune,
        "Remove unused networks",
        Parameters(filters=("label", "label!", "until")),
    ),
    Route(
        "GET", "/networks/{ref}", inspect, "Inspect a network", Parameters(("scope",), no_effect=("verbose",))
    ),
    Route("DELETE", "/networks/{ref}", remove, "Remove a network"),
    Route(
        "POST",
        "/networks/{ref}/connect",
        connect,
        "Connect a container to a network",
        Parameters(body=ConnectRequest),
    ),
    Route(
        "POST",
        "/networks/{ref}/disconnect",
        disconnect,
        "Disconnect a container from a network",
        Parameters(body=DisconnectRequest),
    ),
)
