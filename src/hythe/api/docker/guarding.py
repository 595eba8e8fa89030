"""Requests that somebody else decides about: asked before anything is done, and again before the answer leaves.

The decision is a `Door`'s, which raises Denied, or anything else where it cannot decide; then the request ends with
that. What it sees is what the handler will see: the path as it is routed, and, of a request whose route has a JSON
body, all of that body, whatever the client calls its type; `Call` hands the handler those same bytes. A body that is
too large has been refused by then, so none passes unseen (CVE-2024-41110, and its sequel about bodies of more than
1 MiB). Archives and build contexts are not shown, nor are the passwords that POST /auth brings.

An answer that is whole is shown before it leaves. One that lasts, or that becomes a raw connection, is shown when it
begins, without what follows (`Call.answering`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from hythe.api.docker.connection import NoAnswer, Peer
from hythe.api.docker.errors import error_response
from hythe.errors import HytheError

if TYPE_CHECKING:
    from aiohttp import web

    from hythe.api.docker.call import Call
    from hythe.api.docker.routing import Route

_SECRET: Final = "/auth"


@dataclass(frozen=True)
class Asked:
    """A request as a door sees it; `uri` is path and query as they are routed."""

    peer: Peer
    method: str
    uri: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Door(Protocol):
    """Raises Denied, or any HytheError, for what may not be."""

    async def request(self, asked: Asked) -> None: ...

    async def response(
        self, asked: Asked, status: int, headers: Iterable[tuple[str, str]], body: bytes
    ) -> None: ...


class Visit:
    """One request on its way through a door."""

    def __init__(self, door: Door, asked: Asked) -> None:
        self._door, self._asked, self.refused = door, asked, False

    async def enter(self) -> None:
        await self._door.request(self._asked)

    async def leave(self, status: int, headers: Iterable[tuple[str, str]], body: bytes = b"") -> None:
        try:
            await self._door.response(self._asked, status, headers, body)
        except HytheError:
            self.refused = True
            raise


async def guarded(door: Door, call: Call, route: Route) -> web.StreamResponse:
    """The handler's answer, if both may be."""
    request = call.request
    body = await call.whole_body() if route.parameters.body is not None and route.pattern != _SECRET else b""
    asked = Asked(
        call.connection.peer,
        request.method,
        request.rel_url.raw_path_qs,
        tuple(request.headers.items()),
        body,
    )
    visit = Visit(door, asked)
    await visit.enter()
    call.visit = visit
    try:
        response = await route.handler(call)
    except HytheError as error:
        if visit.refused:
            raise
        response = error_response(error)
    if not isinstance(response, NoAnswer) and not response.prepared:
        await visit.leave(response.status, response.headers.items(), _content(response))
    return response


def _content(response: web.StreamResponse) -> bytes:
    """Of a whole answer; archives and the like are streams, and have none yet."""
    body = getattr(response, "body", None)
    return body if isinstance(body, bytes) else b""
