"""Further processes in running containers."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from hythe.api.docker.connection import NoAnswer
from hythe.api.docker.errors import json_response
from hythe.api.docker.hijack import take_over
from hythe.api.docker.parameters import Parameters
from hythe.api.docker.routes_streams import size_of
from hythe.api.docker.routing import Route
from hythe.api.docker.types.containers import ExecCreateRequest, ExecStartRequest
from hythe.engine.model import Exec, ExecSpec
from hythe.errors import Conflict, HytheError, InvalidArgument

if TYPE_CHECKING:
    from hythe.api.docker.call import Call


async def create(call: Call) -> web.StreamResponse:
    body = await call.body(ExecCreateRequest)
    if not body.cmd:
        raise InvalidArgument("No exec command specified")
    spec = ExecSpec(
        args=body.cmd,
        env=body.env,
        user=body.user,
        working_dir=body.working_dir,
        tty=body.tty,
        privileged=body.privileged,
        attach_stdin=body.attach_stdin,
        attach_stdout=body.attach_stdout,
        attach_stderr=body.attach_stderr,
        detach_keys=body.detach_keys or None,
    )
    return json_response({"Id": await call.engine.execs.create(call.ref, spec)}, status=201)


async def start(call: Call) -> web.StreamResponse:
    """Detached: an ordinary answer. Otherwise the connection becomes the program's streams."""
    body = await call.optional_body(ExecStartRequest)
    execs = call.engine.execs
    exec = execs.get(call.params["id"])
    if exec.started:
        raise Conflict(f"exec {exec.id} has already been started")
    if body.detach:
        await execs.start(exec.id, None, detach=True)
        return web.Response(status=200)
    size = (body.console_size[0], body.console_size[1]) if len(body.console_size) == 2 else None
    descriptor, early = await take_over(call, tty=body.tty)
    # The engine has told the client on its stream by then, and the exit code is kept for inspect.
    with contextlib.suppress(HytheError):
        await execs.start(exec.id, descriptor, early, raw=body.tty, size=size)
    return NoAnswer()


async def inspect(call: Call) -> web.StreamResponse:
    return json_response(exec_json(call.engine.execs.get(call.params["id"])))


def exec_json(exec: Exec) -> dict[str, Any]:
    """GET /exec/{id}/json."""
    spec = exec.spec
    return {
        "ID": exec.id,
        "Running": exec.running,
        "ExitCode": exec.exit_code,
        "ProcessConfig": {
            "tty": spec.tty,
            "entrypoint": spec.args[0],
            "arguments": spec.args[1:],
            "privileged": spec.privileged,
            "user": spec.user,
        },
        "OpenStdin": spec.attach_stdin,
        "OpenStderr": spec.attach_stderr,
        "OpenStdout": spec.attach_stdout,
        "CanRemove": exec.exit_code is not None,
        "ContainerID": exec.container_id,
        "DetachKeys": spec.detach_keys or "",
        "Pid": exec.pid,
    }


async def resize(call: Call) -> web.StreamResponse:
    height, width = size_of(call)
    await call.engine.execs.resize(call.params["id"], height, width)
    return web.Response(status=200)


ROUTES: Final = (
    Route("POST", "/containers/{ref}/exec", create, "Create an exec", Parameters(body=ExecCreateRequest)),
    Route("POST", "/exec/{id}/start", start, "Start an exec", Parameters(body=ExecStartRequest)),
    Route("POST", "/exec/{id}/resize", resize, "Resize an exec's terminal", Parameters(("h", "w"))),
    Route("GET", "/exec/{id}/json", inspect, "Inspect an exec"),
)
