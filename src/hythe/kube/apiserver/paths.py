"""Paths that are no resources: the version, health, metrics, discovery and OpenAPI."""

from __future__ import annotations

import platform
import sys
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from aiohttp import web

from hythe.kube.apiserver.answer import encoded, ready
from hythe.kube.apiserver.identity import User
from hythe.kube.apiserver.machine import Machine
from hythe.kube.apiserver.request import RequestInfo
from hythe.kube.objects.status import no_such_path
from hythe.kube.objects.types import Object

MINOR: Final = 32
VERSION: Final = f"v1.{MINOR}.0+hythe"
_Answer: TypeAlias = Callable[[web.BaseRequest], Awaitable[web.Response]]


class Paths:
    """Answers them."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._exact: dict[str, _Answer] = {
            "/version": self._version,
            "/healthz": self._healthy,
            "/livez": self._healthy,
            "/readyz": self._ready,
        }

    async def answer(self, request: web.BaseRequest, info: RequestInfo, user: User) -> web.StreamResponse:
        """Raises ApiError (404) for a path that nothing is at."""
        path = info.path.rstrip("/") or "/"
        found = self._exact.get(path)
        if found is None:
            raise no_such_path()
        return await found(request)

    async def _version(self, request: web.BaseRequest) -> web.Response:
        return encoded(version())

    async def _healthy(self, request: web.BaseRequest) -> web.Response:
        return _text(b"ok")

    async def _ready(self, request: web.BaseRequest) -> web.Response:
        await self._machine.records.store.revision()
        return _text(b"ok")


def version() -> Object:
    """What `kubectl version` shows, and what clients choose their ways by."""
    return {
        "major": "1",
        "minor": str(MINOR),
        "gitVersion": VERSION,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": f"python{platform.python_version()}",
        "compiler": platform.python_implementation(),
        "platform": f"{sys.platform}/{_machine()}",
    }


def _machine() -> str:
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def _text(body: bytes, status: int = 200) -> web.Response:
    return ready(body, status, "text/plain; charset=utf-8")
