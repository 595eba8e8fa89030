"""Images in and out: load, save, import, pull."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from aiohttp import web

from hythe.api.docker.parameters import Parameters
from hythe.api.docker.registry_auth import credentials_for_pull
from hythe.api.docker.routing import Route
from hythe.api.docker.streaming import TAR, send_bytes, send_progress
from hythe.api.docker.transfer import produced, spooled
from hythe.errors import InvalidArgument, Unsupported

if TYPE_CHECKING:
    from hythe.api.docker.call import Call


async def create(call: Call) -> web.StreamResponse:
    """POST /images/create: `fromSrc` imports a root file system, `fromImage` pulls."""
    if call.text("fromSrc"):
        return await _import(call)
    name, tag = call.text("fromImage"), call.text("tag")
    if not name:
        raise InvalidArgument("one of fromImage and fromSrc must be given")
    return await _pull(call, f"{name}{'@' if tag.startswith('sha256:') else ':'}{tag}" if tag else name)


async def _pull(call: Call, name: str) -> web.StreamResponse:
    messages = call.engine.registries.pull(name, call.text("platform"), credentials_for_pull(call))
    return await send_progress(call, messages, wait=True)


async def _import(call: Call) -> web.StreamResponse:
    source, repository, tag = call.text("fromSrc"), call.text("repo"), call.text("tag")
    if call.text("platform"):
        raise Unsupported("the parameter platform is not supported for an import")
    if source != "-":
        raise Unsupported(f"importing from {source!r} is not supported", hint="send the archive itself")
    name = f"{repository}:{tag}" if repository and tag else repository or None
    options: dict[str, object] = {"changes": call.texts("changes"), "message": call.text("message")}
    async with spooled(call) as tar:
        image = await call.engine.images.import_rootfs(tar, name, **options)

    async def messages() -> AsyncGenerator[dict[str, Any], None]:
        yield {"status": image.id}

    return await send_progress(call, messages())


async def load(call: Call) -> web.StreamResponse:
    async def messages() -> AsyncGenerator[dict[str, Any], None]:
        for name in await call.engine.images.load(tar):
            kind = "Loaded image ID" if name.startswith("sha256:") else "Loaded image"
            yield {"stream": f"{kind}: {name}\n"}

    async with spooled(call) as tar:
        return await send_progress(call, messages())


async def save(call: Call) -> web.StreamResponse:
    return await _save(call, [call.params["name"]])


async def save_several(call: Call) -> web.StreamResponse:
    """Names may stand in one parameter, with commas, or in several."""
    names = [part for name in call.texts("names") for part in name.split(",") if part]
    if not names:
        raise InvalidArgument("no image was named")
    return await _save(call, names)


async def _save(call: Call, names: list[str]) -> web.StreamResponse:
    for name in names:
        call.engine.images.get(name)

    async def write(out: BinaryIO) -> None:
        await call.engine.images.save(names, out)

    return await send_bytes(call, TAR, produced(call, write))


_CREATE: Final = Parameters(("changes", "fromImage", "fromSrc", "message", "platform", "repo", "tag"))

ROUTES: Final = (
    Route("POST", "/images/create", create, "Pull an image, or import one", _CREATE),
    Route(
        "POST",
        "/images/load",
        load,
        "Load images from an archive",
        Parameters(no_effect=("quiet",), refused=("platform",)),
    ),
    Route(
        "GET",
        "/images/get",
        save_several,
        "Save images to an archive",
        Parameters(("names",), refused=("platform",)),
    ),
    Route(
        "GET",
        "/images/{name:path}/get",
        save,
        "Save an image to an archive",
        Parameters(refused=("platform",)),
    ),
)
