"""The daemon itself: ping, version, info, events."""

from __future__ import annotations

import asyncio
import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from hythe import __version__
from hythe.api.docker import host
from hythe.api.docker.errors import json_line, json_response
from hythe.api.docker.filters import Filters
from hythe.api.docker.parameters import Parameters
from hythe.api.docker.routing import Route
from hythe.api.docker.streaming import JSON, begin, while_connected
from hythe.api.docker.translate.events_json import KEYS, event_json, matches
from hythe.api.docker.versioning import NEWEST, OLDEST
from hythe.engine import apparmor
from hythe.engine.events import Event
from hythe.errors import InvalidArgument
from hythe.kernel.cgroups import detect
from hythe.kernel.cgroups.absent import HINT
from hythe.wire.times import format_time, parse_time

if TYPE_CHECKING:
    from hythe.api.docker.backend import Engine
    from hythe.api.docker.call import Call

# 1 tells the docker CLI that builds go to POST /build, the classic way.
_PING_HEADERS: Final = {
    "Builder-Version": "1",
    "Swarm": "inactive",
    "Cache-Control": "no-cache, no-store, must-revalidate",
    "Pragma": "no-cache",
}


async def ping(call: Call) -> web.StreamResponse:
    text = "" if call.request.method == "HEAD" else "OK"
    return web.Response(text=text, headers=_PING_HEADERS)


async def version(call: Call) -> web.StreamResponse:
    details = {
        "ApiVersion": str(NEWEST),
        "MinAPIVersion": str(OLDEST),
        "Arch": host.architecture(),
        "Os": "linux",
        "KernelVersion": platform.release(),
        "PythonVersion": platform.python_version(),
        "Experimental": "false",
    }
    return json_response(
        {
            "Platform": {"Name": "hythe"},
            "Components": [{"Name": "Engine", "Version": __version__, "Details": details}],
            "Version": __version__,
            "ApiVersion": str(NEWEST),
            "MinAPIVersion": str(OLDEST),
            "GitCommit": "",
            "GoVersion": "",
            "Os": "linux",
            "Arch": host.architecture(),
            "KernelVersion": platform.release(),
            "BuildTime": "",
        }
    )


async def info(call: Call) -> web.StreamResponse:
    engine = call.engine
    states = [c.state.status for c in engine.containers.list()]
    running, paused = states.count("running") + states.count("restarting"), states.count("paused")
    counts: dict[str, Any] = {
        "ID": engine.instance,
        "Containers": len(states),
        "ContainersRunning": running,
        "ContainersPaused": paused,
        "ContainersStopped": len(states) - running - paused,
        "Images": len(engine.images.list()),
        "DockerRootDir": str(engine.paths.data),
        "SystemTime": format_time(time.time_ns()),
        "ServerVersion": __version__,
        "Runtimes": {name: _runtime(program) for name, program in engine.runtimes.known().items()},
        "DefaultRuntime": engine.runtimes.default,
        "SecurityOptions": _security_options(engine),
    }
    return json_response(counts | host.facts() | _ABILITIES | _lacking(engine))


def _lacking(engine: Engine) -> dict[str, Any]:
    """What is missing where the daemon stands, above all an ordinary user's share of the control groups."""
    warnings = list(engine.standing.warnings)
    if any(detect().support()):
        return {"Warnings": warnings}
    warnings.append(f"Running without control groups, so without limits; {HINT}")
    return {"Warnings": warnings, "CgroupDriver": "none"}


def _security_options(engine: Engine) -> list[str]:
    """In docker's order; userns where containers have namespaces of their own, cgroupns where the kernel has them."""
    present = {
        "name=apparmor": apparmor.available(),
        "name=seccomp,profile=builtin": True,
        "name=userns": not engine.users.reason_for_host(""),
        "name=rootless": engine.standing.rootless,
        "name=cgroupns": Path("/proc/self/ns/cgroup").exists(),
    }
    return [name for name, there in present.items() if there]


def _runtime(program: Mapping[str, object] | None) -> dict[str, object]:
    if program is None:
        return {"path": "hythe"}
    shown = {"path": program["path"]}
    return shown | ({"runtimeArgs": program["args"]} if program["args"] else {})


_ABILITIES: Final[dict[str, Any]] = {
    "Driver": "overlay2",
    "DriverStatus": [["Supports d_type", "true"], ["Using metacopy", "false"]],
    "Plugins": {
        "Volume": ["local"],
        "Network": ["bridge", "host", "null"],
        "Authorization": None,
        "Log": ["journald", "json-file", "local", "none"],
    },
    "LoggingDriver": "json-file",
    "CgroupDriver": "cgroupfs",
    "IndexServerAddress": "https://index.docker.io/v1/",
    "RegistryConfig": {"InsecureRegistryCIDRs": [], "IndexConfigs": {}, "Mirrors": []},
    "Swarm": {"NodeID": "", "NodeAddr": "", "LocalNodeState": "inactive", "ControlAvailable": False,
              "Error": "", "RemoteManagers": None},
    "LiveRestoreEnabled": True,
    "InitBinary": "hythe",
    "ContainerdCommit": {"ID": ""},
    "RuncCommit": {"ID": ""},
    "InitCommit": {"ID": ""},
    "Labels": [],
    "Debug": False,
    "ExperimentalBuild": False,
    "GenericResources": None,
    "HttpProxy": "",
    "HttpsProxy": "",
    "NoProxy": "",
    "Isolation": "",
}  # fmt: skip


async def events(call: Call) -> web.StreamResponse:
    """Past events from `since`, then live ones until `until` or until the client leaves."""
    filters = call.filters()
    now = time.time_ns()
    since, until = parse_time(call.text("since"), now), parse_time(call.text("until"), now)
    if since and until and until < since:
        given = f"`since` time ({call.text('since')}) cannot be after `until` time ({call.text('until')})"
        raise InvalidArgument(given)
    bus = call.engine.events
    accept = _accept(filters, until)
    if until and until <= now:
        past = [event for event in bus.past(since, until) if accept(event)]
        body = b"".join(json_line(event_json(event)) for event in past)
        return web.Response(body=body, content_type=JSON)
    subscription = bus.subscribe(accept, since=since or None)
    response = await begin(call, JSON)

    async def pump() -> None:
        async for event in subscription:
            await response.write(json_line(event_json(event)))

    try:
        await while_connected(call, _until(pump(), until))
    finally:
        await subscription.aclose()
    await response.write_eof()
    return response


def _accept(filters: Filters, until: int) -> Any:
    def accept(event: Event) -> bool:
        return (not until or event.time <= until) and matches(event, filters)

    return accept


async def _until(work: Any, until: int) -> None:
    """Run `work` to its end, or to the point in time `until` (nanoseconds, 0 = no limit)."""
    try:
        await asyncio.wait_for(work, (until - time.time_ns()) / 1e9 if until else None)
    except TimeoutError:
        return


ROUTES: Final = (
    Route("GET", "/_ping", ping, "Ping"),
    Route("HEAD", "/_ping", ping, "Ping"),
    Route("GET", "/version", version, "Version"),
    Route("GET", "/info", info, "Facts about the daemon and its host"),
    Route("GET", "/events", events, "Events, past and live", Parameters(("since", "until"), KEYS)),
)
