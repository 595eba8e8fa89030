"""Files of containers: `docker cp` both ways, export."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import msgspec
from aiohttp import web

from hythe.api.docker.parameters import Parameters
from hythe.api.docker.routing import Route
from hythe.api.docker.streaming import TAR, send_bytes
from hythe.api.docker.transfer import produced, spooled
from hythe.errors import InvalidArgument
from hythe.wire.times import format_time

if TYPE_CHECKING:
    from hythe.api.docker.backend import PathStat
    from hythe.api.docker.call import Call

STAT_HEADER: Final = "X-Docker-Container-Path-Stat"
_TYPE_BITS: Final = {
    0o040000: 1 << 31,
    0o120000: 1 << 27,
    0o060000: 1 << 26,
    0o020000: 1 << 26 | 1 << 21,
    0o010000: 1 << 25,
    0o140000: 1 << 24,
}
_SPECIAL_BITS: Final = {0o4000: 1 << 23, 0o2000: 1 << 22, 0o1000: 1 << 20}


def go_mode(mode: int) -> int:
    """st_mode as Go's os.FileMode: the type in the high bits, permissions in the low nine."""
    special = sum(bit for unix, bit in _SPECIAL_BITS.items() if mode & unix)
    return _TYPE_BITS.get(mode & 0o170000, 0) | special | mode & 0o777


def stat_header(stat: PathStat) -> str:
    """The value of X-Docker-Container-Path-Stat."""
    document: dict[str, Any] = {
        "name": stat.name,
        "size": stat.size,
        "mode": go_mode(stat.mode),
        "mtime": format_time(stat.mtime),
        "linkTarget": stat.link_target,
    }
    return base64.b64encode(msgspec.json.encode(document)).decode()


def _path(call: Call) -> str:
    path = call.text("path")
    if not path:
        raise InvalidArgument("Bad parameter: missing path")
    return path


async def head(call: Call) -> web.StreamResponse:
    stat = await call.engine.containers.archive_stat(call.ref, _path(call))
    return web.Response(headers={STAT_HEADER: stat_header(stat)})


async def get(call: Call) -> web.StreamResponse:
    path, containers = _path(call), call.engine.containers
    stat = await containers.archive_stat(call.ref, path)

    async def write(out: BinaryIO) -> None:
        await containers.archive_get(call.ref, path, out)

    return await send_bytes(call, TAR, produced(call, write), {STAT_HEADER: stat_header(stat)})


async def put(call: Call) -> web.StreamResponse:
    path = _path(call)
    call.engine.containers.get(call.ref)
    async with spooled(call) as tar:
        await call.engine.containers.archive_put(
            call.ref,
            path,
            tar,
            keep_directories=call.flag("noOverwriteDirNonDir"),
            keep_owners=call.flag("copyUIDGID"),
        )
    return web.Response(status=200)


async def export(call: Call) -> web.StreamResponse:
    container = call.engine.containers.get(call.ref)

    async def write(out: BinaryIO) -> None:
        await call.engine.containers.export(container.id, out)

    return await send_bytes(call, TAR, produced(call, write))


ROUTES: Final = (
    Route(
        "HEAD", "/containers/{ref}/archive", head, "Facts about a file of a container", Parameters(("path",))
    ),
    Route("GET", "/containers/{ref}/archive", get, "Copy files out of a container", Parameters(("path",))),
    Route(
        "PUT",
        "/containers/{ref}/archive",
        put,
        "Copy files into a container",
        Parameters(("copyUIDGID", "noOverwriteDirNonDir", "path")),
    ),
    Route("GET", "/containers/{ref}/export", export, "A container's file system as a tar"),
)
