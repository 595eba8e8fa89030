"""What containers use and may use, and giving back what is not needed: stats, update, prune, disk usage."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from hythe.api.docker.errors import json_line, json_response
from hythe.api.docker.parameters import Parameters
from hythe.api.docker.routes_volumes import volume_json
from hythe.api.docker.routing import Route
from hythe.api.docker.streaming import JSON, begin, while_connected
from hythe.api.docker.translate.images_json import image_summary
from hythe.api.docker.translate.prune import older_than
from hythe.api.docker.translate.stats_json import stats_json
from hythe.api.docker.translate.summary import summary
from hythe.api.docker.translate.update import changes
from hythe.api.docker.translate.versions import image_for
from hythe.api.docker.types.host import UpdateRequest
from hythe.engine.model import Container
from hythe.wire.times import format_time

if TYPE_CHECKING:
    from hythe.api.docker.call import Call
    from hythe.build.cache import CacheRecord

INTERVAL: Final = 1.0


async def stats(call: Call) -> web.StreamResponse:
    """One object a second, or one: `one-shot` at once, otherwise after a second, with both readings."""
    container = call.engine.containers.get(call.ref)
    read = call.engine.containers.stats
    sample = await read(container.id)
    stream = call.flag("stream", True)
    if not stream and call.flag("one-shot"):
        return json_response(stats_json(container, sample, None))
    response = await begin(call, JSON)

    async def pump() -> None:
        previous = sample
        if stream:
            await response.write(json_line(stats_json(container, previous, None)))
        while True:
            # A rate needs two readings; between them there is nothing to wait for but the clock.
            await asyncio.sleep(INTERVAL)
            current = await read(container.id)
            await response.write(json_line(stats_json(container, current, previous)))
            previous = current
            if not stream:
                return

    await while_connected(call, pump())
    await response.write_eof()
    return response


async def update(call: Call) -> web.StreamResponse:
    body = await call.body(UpdateRequest)
    container = call.engine.containers.get(call.ref)
    warnings = await call.engine.containers.update(container.id, changes(body))
    return json_response({"Warnings": warnings or None})


async def prune(call: Call) -> web.StreamResponse:
    filters = call.filters()
    old = older_than(filters)

    def accept(container: Container) -> bool:
        return old(container.created) and filters.prunable_labels(container.labels)

    removed, freed = await call.engine.containers.prune(accept)
    return json_response({"ContainersDeleted": removed, "SpaceReclaimed": freed})


async def disk_usage(call: Call) -> web.StreamResponse:
    """GET /system/df. `type` chooses parts; without it all are given."""
    wanted = set(call.texts("type")) or {"container", "image", "volume", "build-cache"}
    engine = call.engine
    result: dict[str, Any] = {}
    containers = engine.containers.list()
    if "image" in wanted:
        images = engine.images.list()
        uses = [container.image_id for container in containers]
        shared = await engine.images.shared_sizes()
        result["Images"] = [
            image_for(
                call.version,
                image_summary(image, uses=uses.count(image.id), shared=shared.get(image.id, 0)),
            )
            for image in images
        ]
        result["LayersSize"] = await engine.images.layers_size()
    if "container" in wanted:
        now = time.time_ns()
        result["Containers"] = [summary(c, now, await _taken(call, c.id)) for c in containers]
    if "volume" in wanted:
        result["Volumes"] = [await _volume(call, volume) for volume in engine.volumes.list()]
    if "build-cache" in wanted:
        result["BuildCache"] = [_step(*step) for step in engine.builds.cached()]
    return json_response(result)


async def _taken(call: Call, id: str) -> tuple[int, int]:
    """Sizes as in a list, but the log is counted here, too: it goes with the container when space is wanted."""
    containers = call.engine.containers
    (written, whole), log = await containers.size(id), await containers.log_size(id)
    return written + log, whole


def _step(key: str, record: CacheRecord, shared: bool) -> dict[str, Any]:
    """`shared`: an image has the layer, which therefore stays when the cache is emptied."""
    return {
        "ID": key[:25],
        "Type": "regular",
        "Description": record.description,
        "InUse": False,
        "Shared": shared,
        "Size": record.size,
        "CreatedAt": format_time(record.created),
        "LastUsedAt": format_time(record.used),
        "UsageCount": record.uses,
    }


async def _volume(call: Call, volume: Any) -> dict[str, Any]:
    volumes = call.engine.volumes
    usage = {"RefCount": len(volumes.users(volume.name)), "Size": await volumes.usage(volume.name)}
    return volume_json(volume) | {"UsageData": usage}


ROUTES: Final = (
    Route(
        "GET",
        "/containers/{ref}/stats",
        stats,
        "Resources a container uses",
        Parameters(("one-shot", "stream")),
    ),
    Route(
        "POST",
        "/containers/{ref}/update",
        update,
        "Change a container's limits and restart policy",
        Parameters(body=UpdateRequest),
    ),
    Route(
        "POST",
        "/containers/prune",
        prune,
        "Remove stopped containers",
        Parameters(filters=("label", "label!", "until")),
    ),
    Route("GET", "/system/df", disk_usage, "Disk usage", Parameters(("type",))),
)
