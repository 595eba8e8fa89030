"""GET /metrics, on a port of its own: whoever scrapes gets figures, and never the API."""

from __future__ import annotations

from aiohttp import web

from hythe.api.metrics import containers, daemon
from hythe.api.metrics.exposition import CONTENT_TYPE, text
from hythe.api.metrics.requests import Requests
from hythe.engine.engine import Engine


class Scrapes:
    """Answers every request to the port."""

    def __init__(self, engine: Engine, requests: Requests) -> None:
        self._engine, self._requests = engine, requests

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path != "/metrics":
            return web.Response(status=404, text="404 page not found: GET /metrics\n")
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=405, text="405 method not allowed\n", headers={"Allow": "GET, HEAD"})
        families = [
            *daemon.families(self._engine),
            *self._requests.families(),
            *await containers.families(self._engine.containers),
        ]
        return web.Response(body=text(families).encode(), headers={"Content-Type": CONTENT_TYPE})


def make_server(engine: Engine, requests: Requests) -> web.Server:
    """To give to a listening socket (`loop.create_server(server, ...)`)."""
    return web.Server(Scrapes(engine, requests), access_log=None)
