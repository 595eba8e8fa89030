"""Which handler answers which verb of which subresource: by its name, or by resource and name where that differs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from aiohttp import web

from hythe.kube.apiserver.call import Call
from hythe.kube.apiserver.verbs import read, write

Handlers: TypeAlias = Mapping[str, Callable[[Call], Awaitable[web.StreamResponse]]]

_PART: Final[Handlers] = {"get": read.get, "update": write.update}

SUBRESOURCES: Final[dict[str, Handlers]] = {
    "status": _PART,
    "approval": _PART,
}
