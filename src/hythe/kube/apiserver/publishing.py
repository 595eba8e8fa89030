"""What clients read of the API before they use it: discovery and OpenAPI v3, made when asked for, then kept.

    /api, /apis          aggregated, when the client accepts it: two requests instead of one for each group
    /api/v1, /apis/G/V   one by one
    /openapi/v2          one document of everything; in protobuf next to nothing, `swagger`
    /openapi/v3          an index, and a document for each group and version, by its hash

Each answer has an ETag; who has it already gets 304. The documents themselves are made by
`hythe.kube.objects.publish`; a change of the custom resources makes them anew.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from functools import partial
from typing import Final

from aiohttp import web

from hythe.kube.apiserver import swagger
from hythe.kube.apiserver.answer import ready
from hythe.kube.apiserver.config import Config
from hythe.kube.apiserver.definitions import Definitions
from hythe.kube.apiserver.encoding import dumps
from hythe.kube.apiserver.negotiation import JSON
from hythe.kube.apiserver.versions import VERSION
from hythe.kube.objects.publish import discovery, openapi
from hythe.kube.objects.publish import swagger as whole
from hythe.kube.objects.schema.resources import Table
from hythe.kube.objects.status import no_such_path
from hythe.kube.objects.types import GroupVersionKind, Object

_YEAR: Final = "public, max-age=31536000, immutable"


class Publishing:
    """Answers for the paths of discovery and OpenAPI."""

    def __init__(self, config: Config, definitions: Definitions) -> None:
        self._config, self._definitions = config, definitions
        self._generation = -1
        self._made: dict[str, tuple[bytes, str]] = {}
        self._table = Table(())
        self._schemas: dict[GroupVersionKind, Object] = {}

    async def answer(self, request: web.BaseRequest, path: str) -> web.Response:
        """Raises ApiError (404) for a group or version that is not there."""
        self._refresh()
        if path == "/openapi/v2":
            return swagger.answer() if swagger.is_asked(request) else await self._everything(request)
        if path.startswith("/openapi/v3"):
            return await self._openapi(request, path)
        for version in discovery.AGGREGATED if path in ("/api", "/apis") else ():
            media = discovery.media_type(version)
            if _accepts(request, media):
                make = partial(discovery.aggregated, self._table, version, core=path == "/api")
                return _tagged(request, *self._body(path + media, make), media)
        return _tagged(request, *self._body(path, partial(self._plain, path)), JSON)

    def _refresh(self) -> None:
        if self._generation == self._definitions.generation:
            return
        self._generation, self._made = self._definitions.generation, {}
        self._table = self._definitions.table()
        self._schemas = {each.gvk: each.schema for each in self._definitions.customs()}

    def _body(self, key: str, make: Callable[[], Object]) -> tuple[bytes, str]:
        """The bytes, and their tag."""
        if key not in self._made:
            body = dumps(make())
            self._made[key] = body, hashlib.sha256(body).hexdigest().upper()
        return self._made[key]

    def _plain(self, path: str) -> Object:
        found = self._found(path.strip("/").split("/"))
        if found is None:
            raise no_such_path()
        return found

    def _found(self, parts: list[str]) -> Object | None:
        if parts == ["api"]:
            return discovery.versions(f"{self._config.advertise}:{self._config.port}")
        if parts == ["apis"]:
            return discovery.groups(self._table)
        if parts[0] == "api" and len(parts) == 2:
            return discovery.resources(self._table, "", parts[1])
        if parts[0] == "apis" and len(parts) == 2:
            return discovery.group(self._table, parts[1])
        if parts[0] == "apis" and len(parts) == 3:
            return discovery.resources(self._table, parts[1], parts[2])
        return None

    async def _everything(self, request: web.BaseRequest) -> web.Response:
        """Large and seldom asked for: made each time, unless the client has it."""
        tag = whole.hashed(self._table, self._schemas)
        if tag in request.headers.get("If-None-Match", ""):
            return _tagged(request, b"", tag, JSON)
        made = await asyncio.to_thread(_made_whole, self._table, self._schemas)
        return _tagged(request, made, tag, JSON)

    async def _openapi(self, request: web.BaseRequest, path: str) -> web.Response:
        rest = path.removeprefix("/openapi/v3").strip("/")
        if not rest:
            return _tagged(
                request, *self._body(path, partial(openapi.index, self._table, self._schemas)), JSON
            )
        kind, group, version = _document(rest)
        if not kind or version not in self._table.versions.get(group, ()):
            raise no_such_path()
        tag = openapi.hashed(self._table, group, version, self._schemas)
        if path not in self._made:
            generation = self._generation
            make = partial(_made, self._table, group, version, self._schemas)
            made = await asyncio.to_thread(make)
            if generation != self._generation:
                return await self.answer(request, path)
            self._made[path] = made, tag
        response = _tagged(request, self._made[path][0], tag, JSON)
        if request.query.get("hash") == tag:
            response.headers["Cache-Control"] = _YEAR
        return response


def _made(table: Table, group: str, version: str, schemas: openapi.Schemas) -> bytes:
    return dumps(openapi.document(table, group, version, schemas, VERSION))


def _made_whole(table: Table, schemas: openapi.Schemas) -> bytes:
    return dumps(whole.document(table, schemas, VERSION))


def _accepts(request: web.BaseRequest, media: str) -> bool:
    return media in request.headers.get("Accept", "").replace(" ", "")


def _document(rest: str) -> tuple[str, str, str]:
    """From `apis/GROUP/VERSION` or `api/VERSION`: which of the two, group, version; "" if it is neither."""
    parts = rest.split("/")
    if parts[0] == "api" and len(parts) == 2:
        return "api", "", parts[1]
    if parts[0] == "apis" and len(parts) == 3:
        return "apis", parts[1], parts[2]
    return "", "", ""


def _tagged(request: web.BaseRequest, body: bytes, tag: str, media: str) -> web.Response:
    """304 for who has it already."""
    quoted = f'"{tag}"'
    headers = {"ETag": quoted, "Vary": "Accept", "Cache-Control": "public"}
    if quoted in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    return ready(body, media=media, headers=headers)
