"""Volumes: create, list, inspect, remove, prune."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from hythe.api.docker.errors import json_response
from hythe.api.docker.parameters import Parameters
from hythe.api.docker.routing import Route
from hythe.api.docker.types.volumes import VolumeCreateRequest
from hythe.errors import Unavailable, Unsupported
from hythe.wire.times import SECOND, format_time

if TYPE_CHECKING:
    from hythe.api.docker.call import Call
    from hythe.volume.manager import VolumeRecord


def volume_json(volume: VolumeRecord) -> dict[str, Any]:
    """One volume; the time of creation in whole seconds, as Docker has it."""
    return {
        "Name": volume.name,
        "Driver": volume.driver,
        "Mountpoint": volume.mountpoint,
        "CreatedAt": format_time(volume.created // SECOND * SECOND),
        "Labels": volume.labels or None,
        "Options": volume.options or None,
        "Scope": "local",
    }


async def create(call: Call) -> web.StreamResponse:
    body = await call.body(VolumeCreateRequest)
    if body.cluster_volume_spec:
        raise Unsupported("cluster volumes are not supported")
    volume = await call.engine.volumes.create(
        body.name or None, body.driver or "local", body.labels, body.driver_opts
    )
    return json_response(volume_json(volume), status=201)


async def list_(call: Call) -> web.StreamResponse:
    filters = call.filters()
    dangling = filters.flag("dangling")
    volumes = call.engine.volumes
    found = [
        volume_json(volume)
        for volume in volumes.list()
        if filters.any_part("name", [volume.name])
        and filters.any_of("driver", [volume.driver])
        and filters.labels_hold(volume.labels)
        and (dangling is None or dangling == (not volumes.users(volume.name)))
    ]
    return json_response({"Volumes": found, "Warnings": None})


async def inspect(call: Call) -> web.StreamResponse:
    return json_response(volume_json(call.engine.volumes.get(call.ref)))


async def remove(call: Call) -> web.StreamResponse:
    await call.engine.volumes.remove(call.ref, force=call.flag("force"))
    return web.Response(status=204)


async def update(call: Call) -> web.StreamResponse:
    raise Unavailable("volume update only valid for cluster volumes, but swarm is unavailable")


async def prune(call: Call) -> web.StreamResponse:
    """Anonymous volumes that no container uses; named ones too with the filter all=true (since 1.42)."""
    filters = call.filters()
    all_ = filters.flag("all") is True or call.version < (1, 42)
    removed, freed = await call.engine.volumes.prune(
        all=all_, accept=lambda volume: filters.prunable_labels(volume.labels)
    )
    return json_response({"VolumesDeleted": removed, "SpaceReclaimed": freed})


ROUTES: Final = (
    Route(
        "GET", "/volumes", list_, "List volumes", Parameters(filters=("dangling", "driver", "label", "name"))
    ),
    Route("POST", "/volumes/create", create, "Create a volume", Parameters(body=VolumeCreateRequest)),
    Route(
        "POST",
        "/volumes/prune",
        prune,
        "Remove unused volumes",
        Parameters(filters=("all", "label", "label!")),
    ),
    Route("GET", "/volumes/{ref}", inspect, "Inspect a volume"),
    Route("PUT", "/volumes/{ref}", update, "Update a cluster volume", refused="no swarm (503)"),
    Route("DELETE", "/volumes/{ref}", remove, "Remove a volume", Parameters(("force",))),
)
