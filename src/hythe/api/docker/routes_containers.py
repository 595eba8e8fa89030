"""Containers' life: create, start, stop, kill, pause, rename, remove, wait, prune."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from hythe.api.docker.errors import json_line, json_response
from hythe.api.docker.parameters import Parameters
from hythe.api.docker.routing import Route
from hythe.api.docker.streaming import JSON, begin, while_connected
from hythe.api.docker.translate.create import container_spec
from hythe.api.docker.translate.volumes_from import volumes_from
from hythe.api.docker.types.containers import CreateRequest
from hythe.engine.model import ExitInfo
from hythe.engine.signals import parse_signal
from hythe.errors import HytheError, InvalidArgument, NotFound

if TYPE_CHECKING:
    from hythe.api.docker.call import Call

NO_CONTENT: Final = 204


def done() -> web.Response:
    """204: it is done, there is nothing to say."""
    return web.Response(status=NO_CONTENT)


async def create(call: Call) -> web.StreamResponse:
    platform = call.text("platform")
    if platform and platform.split("/")[0] != "linux":
        raise InvalidArgument(f"hythe runs linux containers, not {platform!r}")
    body = await call.body(CreateRequest)
    spec = container_spec(body)
    containers = call.engine.containers
    spec.host.mounts += volumes_from(body.host_config.volumes_from, containers.get, spec.host.mounts)
    id, warnings = await containers.create(call.text("name") or None, spec)
    return json_response({"Id": id, "Warnings": warnings}, status=201)


async def start(call: Call) -> web.StreamResponse:
    # Some clients send {} where nothing is needed.
    if (call.request.content_length or 0) > 2:
        raise InvalidArgument("starting container with non-empty request body is not supported")
    await call.engine.containers.start(call.ref)
    return done()


async def stop(call: Call) -> web.StreamResponse:
    await call.engine.containers.stop(call.ref, call.number("t"), call.text("signal") or None)
    return done()


async def restart(call: Call) -> web.StreamResponse:
    await call.engine.containers.restart(call.ref, call.number("t"), call.text("signal") or None)
    return done()


async def kill(call: Call) -> web.StreamResponse:
    signal = parse_signal(call.text("signal") or "SIGKILL")
    await call.engine.containers.kill(call.ref, signal)
    return done()


async def pause(call: Call) -> web.StreamResponse:
    await call.engine.containers.pause(call.ref)
    return done()


async def unpause(call: Call) -> web.StreamResponse:
    await call.engine.containers.unpause(call.ref)
    return done()


async def rename(call: Call) -> web.StreamResponse:
    name = call.text("name")
    if not name:
        raise InvalidArgument("Neither old nor new names may be empty")
    await call.engine.containers.rename(call.ref, name)
    return done()


async def remove(call: Call) -> web.StreamResponse:
    await call.engine.containers.remove(call.ref, force=call.flag("force"), volumes=call.flag("v"))
    return done()


async def remove_link(call: Call) -> web.StreamResponse:
    """The container stays, and loses a name that it has for another."""
    if not call.flag("link"):
        raise NotFound(f"No such container: {call.ref}/{call.params['alias']}")
    await call.engine.containers.remove_link(call.ref, call.params["alias"])
    return done()


async def wait(call: Call) -> web.StreamResponse:
    """The head goes out once the wait is registered, so that a client may start the container after it."""
    waiter = call.engine.containers.waiter(call.ref, call.text("condition") or "not-running")

    async def ended() -> ExitInfo:
        return await waiter

    response = await begin(call, JSON)
    try:
        info = await while_connected(call, ended())
        failure = {"Message": info.error} if info.error else None
        answer: dict[str, object] = {"StatusCode": info.exit_code, "Error": failure}
    except HytheError as error:
        answer = {"StatusCode": -1, "Error": {"Message": str(error)}}
    if answer["Error"] is None and call.version >= (1, 42):
        del answer["Error"]
    await response.write(json_line(answer))
    await response.write_eof()
    return response


# The keys to detach with are those of attach, which comes before start.
_START: Final = Parameters(no_effect=("detachKeys",), refused=("checkpoint", "checkpoint-dir"))

ROUTES: Final = (
    Route(
        "POST",
        "/containers/create",
        create,
        "Create a container",
        Parameters(("name", "platform"), body=CreateRequest),
    ),
    Route("POST", "/containers/{ref}/start", start, "Start a container", _START),
    Route("POST", "/containers/{ref}/stop", stop, "Stop a container", Parameters(("signal", "t"))),
    Route("POST", "/containers/{ref}/restart", restart, "Restart a container", Parameters(("signal", "t"))),
    Route("POST", "/containers/{ref}/kill", kill, "Send a signal to a container", Parameters(("signal",))),
    Route("POST", "/containers/{ref}/pause", pause, "Freeze a container"),
    Route("POST", "/containers/{ref}/unpause", unpause, "Thaw a container"),
    Route("POST", "/containers/{ref}/rename", rename, "Rename a container", Parameters(("name",))),
    Route("POST", "/containers/{ref}/wait", wait, "Wait for a container to end", Parameters(("condition",))),
    Route(
        "DELETE",
        "/containers/{ref}",
        remove,
        "Remove a container",
        Parameters(("force", "v"), refused=("link",)),
    ),
    Route(
        "DELETE",
        "/containers/{ref}/{alias}",
        remove_link,
        "Remove a link of a container",
        Parameters(("link",), no_effect=("force", "v")),
    ),
)
