"""All plugins together, as the API's server asks them: in the order in which they were named, until one refuses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from hythe.api.authorization import messages
from hythe.api.authorization.names import DIRECTORIES
from hythe.api.authorization.plugin import Plugin
from hythe.api.docker.guarding import Asked


class Plugins:
    """`own`: a directory that is searched before docker's."""

    def __init__(self, names: Sequence[str], own: Path) -> None:
        self._plugins = [Plugin(name, (own, *DIRECTORIES)) for name in names]

    async def request(self, asked: Asked) -> None:
        for plugin in self._plugins:
            await plugin.ask("AuthZPlugin.AuthZReq", messages.request(asked))

    async def response(
        self, asked: Asked, status: int, headers: Iterable[tuple[str, str]], body: bytes
    ) -> None:
        fields = list(headers)
        for plugin in self._plugins:
            await plugin.ask("AuthZPlugin.AuthZRes", messages.response(asked, status, fields, body))

    async def close(self) -> None:
        for plugin in self._plugins:
            await plugin.close()
