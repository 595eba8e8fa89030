"""Paths that are no resources: the version, health, metrics, discovery and OpenAPI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from aiohttp import web

from hythe.kube.apiserver.answer import encoded, ready
from hythe.kube.apiserver.identity import User
from hythe.kube.apiserver.machine import Machine
from hythe.kube.apiserver.metrics import MEDIA
from hythe.kube.apiserver.publishing import Publishing
from hythe.kube.apiserver.request import RequestInfo
from hythe.kube.apiserver.versions import version
from hythe.kube.objects.status import no_such_path

_PUBLISHED: Final = ("api", "apis", "openapi")
_Answer: TypeAlias = Callable[[web.BaseRequest], Awaitable[web.Response]]


class Paths:
    """Answers them."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._publishing = Publishing(machine.config, machine.definitions)
        self._exact: dict[str, _Answer] = {
            "/version": self._version,
            "/healthz": self._healthy,
            "/livez": self._healthy,
            "/readyz": self._ready,
            "/metrics": self._metrics,
            "/.well-known/openid-configuration": self._issuer,
            "/openid/v1/jwks": self._keys,
        }

    async def answer(self, request: web.BaseRequest, info: RequestInfo, user: User) -> web.StreamResponse:
        """Raises ApiError (404) for a path that nothing is at."""
        path = info.path.rstrip("/") or "/"
        found = self._exact.get(path)
        if found is not None:
            return await found(request)
        if path.split("/")[1] in _PUBLISHED and request.method in ("GET", "HEAD"):
            return await self._publishing.answer(request, path)
        raise no_such_path()

    async def _version(self, request: web.BaseRequest) -> web.Response:
        return encoded(version())

    async def _healthy(self, request: web.BaseRequest) -> web.Response:
        return _text(b"ok")

    async def _ready(self, request: web.BaseRequest) -> web.Response:
        await self._machine.records.store.revision()
        return _text(b"ok")

    async def _metrics(self, request: web.BaseRequest) -> web.Response:
        machine = self._machine
        return ready(await machine.metrics.text(machine.definitions, machine.records), media=MEDIA)

    async def _issuer(self, request: web.BaseRequest) -> web.Response:
        config = self._machine.config
        address = f"[{config.advertise}]" if ":" in config.advertise else config.advertise
        keys = f"https://{address}:{config.port}/openid/v1/jwks"
        return encoded(self._machine.auth.tokens.discovery(keys))

    async def _keys(self, request: web.BaseRequest) -> web.Response:
        return encoded(self._machine.auth.tokens.keys(), media="application/jwk-set+json")


def _text(body: bytes, status: int = 200) -> web.Response:
    return ready(body, status, "text/plain; charset=utf-8")
