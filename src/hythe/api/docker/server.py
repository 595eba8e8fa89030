"""From an HTTP request to a handler and back: version, route, errors, headers.

There is no framework here but aiohttp's low-level server: one function takes every request. Each answer says
which API version and which server spoke.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from aiohttp import web

from hythe.api.docker.backend import Engine
from hythe.api.docker.call import Call
from hythe.api.docker.connection import Connection, NoAnswer, Server
from hythe.api.docker.errors import error_response, json_response
from hythe.api.docker.guarding import Door, guarded
from hythe.api.docker.headers import HEADERS
from hythe.api.docker.routing import Route, Router
from hythe.api.docker.versioning import split
from hythe.errors import HytheError, from_os

log = logging.getLogger("hythe.api")

# Build contexts and credentials travel in headers and queries; the defaults of 8 KiB are too small for them.
_MAX_HEADER: Final = 64 * 1024
_ROUTE: Final = "hythe.route"


Observe = Callable[[str, Route | None, int, float], None]
"""Told of an answer: method, route (None: there is none), status, seconds that it took."""


class Dispatcher:
    """Answers every request to the API of one engine."""

    def __init__(self, engine: Engine, routes: Iterable[Route], door: Door | None = None) -> None:
        self._engine, self._router, self._door = engine, Router(routes), door

    def observed(self, observe: Observe) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
        """The same, and `observe` is told of each answer."""

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            began = time.monotonic()
            response = await self(request)
            observe(request.method, request.get(_ROUTE), response.status, time.monotonic() - began)
            return response

        return answer

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            response = await self._route(request)
        except ConnectionError:
            log.debug("%s %s: the client has left", request.method, request.path)
            return NoAnswer()
        except HytheError as error:
            log.debug("%s %s: %s", request.method, request.path, error)
            response = _failed(request, error_response(error))
        except OSError as error:
            log.warning("%s %s failed", request.method, request.path, exc_info=True)
            response = _failed(request, error_response(from_os(error, "do this")))
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            message = {"message": "internal error, see the daemon's log"}
            response = _failed(request, json_response(message, status=500))
        return self._finish(request, response)

    async def _route(self, request: web.BaseRequest) -> web.StreamResponse:
        version, path = split(request.rel_url.raw_path)
        found = self._router.find(request.method, path)
        if found is None:
            return json_response({"message": "page not found"}, status=404)
        route, params = found
        request[_ROUTE] = route
        route.parameters.check(request.query)
        call = Call(request, self._engine, version, params, route.parameters)
        return await (route.handler(call) if self._door is None else guarded(self._door, call, route))

    def _finish(self, request: web.BaseRequest, response: web.StreamResponse) -> web.StreamResponse:
        if isinstance(response, NoAnswer):
            return response
        if isinstance(request.protocol, Connection) and not request.protocol.expect_requests():
            response.force_close()
        if not response.prepared:
            response.headers.update(HEADERS)
        return response


def _failed(request: web.BaseRequest, response: web.Response) -> web.StreamResponse:
    """`response`; but an answer that has begun is cut off, so that the client does not take it for whole."""
    if request.writer.output_size == 0:
        return response
    if request.transport is not None:
        request.transport.abort()
    return NoAnswer()


def make_server(
    engine: Engine, routes: Iterable[Route], observe: Observe | None = None, door: Door | None = None
) -> Server:
    """The server to give to a listening socket (`loop.create_unix_server(server, ...)`)."""
    dispatcher = Dispatcher(engine, routes, door)
    handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
    handler = dispatcher if observe is None else dispatcher.observed(observe)
    return Server(
        handler, access_log=None, max_line_size=_MAX_HEADER, max_field_size=_MAX_HEADER, tcp_keepalive=True
    )
