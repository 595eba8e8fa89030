"""Looking at containers: list, inspect, explain, processes, changed files."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from aiohttp import web

from hythe.api.docker.errors import json_response
from hythe.api.docker.parameters import Parameters
from hythe.api.docker.routing import Route
from hythe.api.docker.translate.container_json import Places, container_json
from hythe.api.docker.translate.explain_json import explain_json
from hythe.api.docker.translate.summary import KEYS, select, summary
from hythe.errors import NotFound

if TYPE_CHECKING:
    from hythe.api.docker.call import Call
    from hythe.engine.model import Container


async def list_(call: Call) -> web.StreamResponse:
    containers = call.engine.containers
    found = select(
        containers.list(),
        call.filters(),
        all=call.flag("all"),
        limit=call.number("limit"),
        find=containers.get,
        images=lambda ref: _ancestors(call, ref),
    )
    now = time.time_ns()
    if not call.flag("size"):
        return json_response([summary(container, now) for container in found])
    return json_response([summary(c, now, await containers.size(c.id)) for c in found])


def _ancestors(call: Call, ref: str) -> set[str]:
    """The ids of the image `ref` and of all that are built on its layers; none if there is no such image."""
    try:
        base = call.engine.images.get(ref)
    except NotFound:
        return set()
    count = len(base.layers)
    family = {image.id for image in call.engine.images.list() if image.layers[:count] == base.layers}
    return family | {base.id} if count else {base.id}


async def inspect(call: Call) -> web.StreamResponse:
    container = call.engine.containers.get(call.ref)
    sizes = await call.engine.containers.size(container.id) if call.flag("size") else None
    return json_response(container_json(container, places_of(call, container, sizes)))


def places_of(call: Call, container: Container, sizes: tuple[int, int] | None) -> Places:
    paths = call.engine.paths
    kept = container.spec.host.log.driver == "json-file"  # dockerd keeps the place of all others to itself
    return Places(
        log=str(paths.log(container.id)) if kept else "",
        folder=str(paths.bundle(container.id)),
        execs=call.engine.execs.of(container.id),
        layers=call.engine.containers.layers(container.id),
        sizes=sizes,
    )


async def top(call: Call) -> web.StreamResponse:
    titles, rows = await call.engine.containers.top(call.ref, call.text("ps_args") or "-ef")
    return json_response({"Titles": titles, "Processes": rows})


async def explain(call: Call) -> web.StreamResponse:
    """`section` may be given several times, or with commas; none is all of them."""
    sections = [name for text in call.texts("section") for name in text.split(",") if name]
    return json_response(explain_json(await call.engine.containers.explain(call.ref, sections)))


async def changes(call: Call) -> web.StreamResponse:
    """Kind: 0 modified, 1 added, 2 deleted."""
    found = await call.engine.containers.changes(call.ref)
    return json_response([{"Path": path, "Kind": kind} for path, kind in found])


ROUTES: Final = (
    Route("GET", "/containers/json", list_, "List containers", Parameters(("all", "limit", "size"), KEYS)),
    Route("GET", "/containers/{ref}/json", inspect, "Inspect a container", Parameters(("size",))),
    Route("GET", "/containers/{ref}/top", top, "Processes of a container", Parameters(("ps_args",))),
    Route(
        "GET",
        "/containers/{ref}/explain",
        explain,
        "What a container is made of in the kernel (hythe's own)",
        Parameters(("section",)),
    ),
    Route("GET", "/containers/{ref}/changes", changes, "Files a container has changed"),
)
