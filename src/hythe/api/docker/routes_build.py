"""Making images: build from a context, commit from a container."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from hythe.api.docker.errors import json_response
from hythe.api.docker.parameters import Parameters
from hythe.api.docker.registry_auth import credentials_for_build
from hythe.api.docker.routing import Route
from hythe.api.docker.streaming import send_progress, while_connected
from hythe.api.docker.transfer import spooled
from hythe.api.docker.translate.commit import run_config
from hythe.api.docker.types.containers import ContainerConfig
from hythe.build.api import BuildOptions, StepLimits
from hythe.errors import InvalidArgument, Unsupported
from hythe.wire.times import parse_time

if TYPE_CHECKING:
    from hythe.api.docker.call import Call

_BUILD: Final = Parameters(
    honoured=(
        "buildargs", "cachefrom", "cpuperiod", "cpuquota", "cpusetcpus", "cpushares", "dockerfile", "extrahosts",
        "isolation", "labels", "memory", "memswap", "networkmode", "nocache", "platform", "pull", "q", "session",
        "shmsize", "t", "target", "version",
    ),
    # Steps leave no containers.
    no_effect=("buildid", "forcerm", "rm"),
    refused=(
        "cgroupparent", "cpusetmems", "outputs", "remote", "secrets", "securityopt", "squash", "ssh",
        "ulimits",
    ),
)  # fmt: skip


def build_options(call: Call) -> BuildOptions:
    """The query of POST /build. What hythe does not do is refused by name."""
    labels = call.json_query("labels", dict[str, str], {})
    given = call.json_query("buildargs", dict[str, str | None], {})
    if call.text("isolation") not in ("", "default"):
        raise InvalidArgument(
            f"invalid isolation: {call.text('isolation')!r}", hint="Linux has the default only"
        )
    return BuildOptions(
        dockerfile=call.text("dockerfile") or "Dockerfile",
        tags=call.texts("t"),
        build_args=given,
        target=call.text("target"),
        no_cache=call.flag("nocache"),
        cache_from=call.json_query("cachefrom", list[str], []) or None,
        labels=labels,
        network=call.text("networkmode") or "default",
        pull=call.flag("pull"),
        platform=call.text("platform"),
        extra_hosts=call.texts("extrahosts"),
        limits=StepLimits(
            memory=call.number("memory") or 0,
            memory_swap=call.number("memswap") or 0,
            cpu_shares=call.number("cpushares") or 0,
            cpu_quota=call.number("cpuquota") or 0,
            cpu_period=call.number("cpuperiod") or 0,
            cpuset_cpus=call.text("cpusetcpus"),
            shm_size=call.number("shmsize") or StepLimits.shm_size,
        ),
    )


async def build(call: Call) -> web.StreamResponse:
    """The context comes as a tar; progress goes out as lines of JSON while the build runs."""
    options = build_options(call)
    if call.text("session") and call.text("version") == "2":
        raise Unsupported("BuildKit sessions are not supported", hint="set DOCKER_BUILDKIT=0")
    quiet = call.flag("q")
    async with spooled(call) as tar:
        messages = call.engine.builds.build(tar, options, credentials_for_build(call))
        return await send_progress(call, _quiet(messages) if quiet else await _begun(call, messages))


async def _begun(
    call: Call, messages: AsyncGenerator[dict[str, Any], None]
) -> AsyncGenerator[dict[str, Any], None]:
    """The same messages, once there is one. Raises InvalidArgument for a build that fails before its first step."""
    first = await while_connected(call, anext(messages, None))
    if first is not None and "errorDetail" in first:
        await messages.aclose()
        raise InvalidArgument(first["error"])

    async def all_of_them() -> AsyncGenerator[dict[str, Any], None]:
        async with aclosing(messages):
            if first is not None:
                yield first
            async for message in messages:
                yield message

    return all_of_them()


async def _quiet(messages: Any) -> Any:
    """With -q only the image's id and errors are told."""
    async for message in messages:
        if "errorDetail" in message:
            yield message
        elif "aux" in message:
            yield {"stream": f"{message['aux']['ID']}\n"}


async def prune(call: Call) -> web.StreamResponse:
    """The whole cache goes, or what was not used since the filter `until`."""
    until = call.filters().get("until")
    before = parse_time(until[0], time.time_ns()) if until else None
    forgotten, freed = await call.engine.builds.prune(before)
    return json_response({"CachesDeleted": forgotten or None, "SpaceReclaimed": freed})


async def commit(call: Call) -> web.StreamResponse:
    container = call.text("container")
    if not container:
        raise InvalidArgument("the parameter container is missing")
    given = run_config(await call.optional_body(ContainerConfig))
    repository, tag = call.text("repo"), call.text("tag")
    image_id = await call.engine.containers.commit(
        container,
        f"{repository}:{tag}" if repository and tag else repository or None,
        author=call.text("author"),
        comment=call.text("comment"),
        pause=call.flag("pause", True),
        changes=_lines(call.texts("changes")),
        config=given,
    )
    return json_response({"Id": image_id}, status=201)


def _lines(changes: list[str]) -> list[str]:
    """Each may be several instructions, a line each."""
    return [line for change in changes for line in change.splitlines() if line.strip()]


# All of the cache is unused once no build runs, so that `all` adds nothing.
_PRUNE: Final = Parameters(
    filters=("until",),
    no_effect=("all",),
    refused=("keep-storage", "max-used-space", "min-free-space", "reserved-space"),
)
_COMMIT: Final = Parameters(
    ("author", "changes", "comment", "container", "pause", "repo", "tag"),
    body=ContainerConfig,
)

ROUTES: Final = (
    Route("POST", "/build", build, "Build an image", _BUILD),
    Route("POST", "/build/prune", prune, "Empty the build cache", _PRUNE),
    Route("POST", "/commit", commit, "Make an image of a container", _COMMIT),
)
