"""Making images: build from a context, commit from a container."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from hythe.api.docker.errors import json_response
from hythe.api.docker.routing import Route
from hythe.api.docker.streaming import send_progress
from hythe.api.docker.transfer import spooled
from hythe.api.docker.types.containers import ContainerConfig
from hythe.build.api import BuildOptions, StepLimits
from hythe.errors import InvalidArgument, Unsupported

if TYPE_CHECKING:
    from hythe.api.docker.call import Call

_REFUSED: Final = ("remote", "outputs", "squash", "isolation", "secrets", "ssh")


def build_options(call: Call) -> BuildOptions:
    """The query of POST /build. What hythe does not do is refused by name."""
    for name in _REFUSED:
        if call.text(name) not in ("", "0", "false", "[]", "null"):
            raise Unsupported(f"the build parameter {name} is not supported")
    labels = call.json_query("labels", dict[str, str], {})
    given = call.json_query("buildargs", dict[str, str | None], {})
    return BuildOptions(
        dockerfile=call.text("dockerfile") or "Dockerfile",
        tags=call.texts("t"),
        build_args=given,
        target=call.text("target"),
        no_cache=call.flag("nocache"),
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
        messages = call.engine.builds.build(tar, options)
        return await send_progress(call, _quiet(messages) if quiet else messages)


async def _quiet(messages: Any) -> Any:
    """With -q only the image's id and errors are told."""
    async for message in messages:
        if "errorDetail" in message:
            yield message
        elif "aux" in message:
            yield {"stream": f"{message['aux']['ID']}\n"}


async def prune(call: Call) -> web.StreamResponse:
    raise Unsupported("pruning the build cache is not supported yet", hint="docker image prune")


async def commit(call: Call) -> web.StreamResponse:
    container = call.text("container")
    if not container:
        raise InvalidArgument("the parameter container is missing")
    body = await call.optional_body(ContainerConfig)
    if body != ContainerConfig():
        raise Unsupported("a configuration in the body of commit is not supported", hint="use changes")
    repository, tag = call.text("repo"), call.text("tag")
    image_id = await call.engine.containers.commit(
        container,
        f"{repository}:{tag}" if repository and tag else repository or None,
        author=call.text("author"),
        comment=call.text("comment"),
        pause=call.flag("pause", True),
        changes=call.texts("changes"),
    )
    return json_response({"Id": image_id}, status=201)


ROUTES: Final = (
    Route("POST", "/build", build, "Build an image"),
    Route("POST", "/build/prune", prune, "Empty the build cache", refused="not supported"),
    Route("POST", "/commit", commit, "Make an image of a container"),
)
