"""The route table: data that is matched against requests here and printed by `coverage`.

A pattern is a path with names in braces: "{ref}" takes one segment, "{name:path}" any number of them (names
of images have slashes). Routes are found by the first segment and the method, then by regular expression.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from hythe.api.docker.parameters import NONE, Parameters

if TYPE_CHECKING:
    from aiohttp import web

    from hythe.api.docker.call import Call

Handler = Callable[["Call"], Awaitable["web.StreamResponse"]]

_NAME: Final = re.compile(r"\{(\w+)(:path)?\}")


@dataclass(frozen=True)
class Route:
    """One operation of the API. `refused` says why it is answered with an error; it is then no real one."""

    method: str
    pattern: str
    handler: Handler
    summary: str
    parameters: Parameters = NONE
    refused: str = ""


def _expression(pattern: str) -> re.Pattern[str]:
    parts, position = [], 0
    for match in _NAME.finditer(pattern):
        parts.append(re.escape(pattern[position : match.start()]))
        parts.append(f"(?P<{match[1]}>.+)" if match[2] else f"(?P<{match[1]}>[^/]+)")
        position = match.end()
    return re.compile("".join(parts) + re.escape(pattern[position:]))


def _first(path: str) -> str:
    return path.split("/", 2)[1]


class Router:
    """Finds the route of a request. Earlier routes win."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes: dict[tuple[str, str], list[tuple[re.Pattern[str], Route]]] = {}
        for route in routes:
            key = (route.method, _first(route.pattern))
            self._routes.setdefault(key, []).append((_expression(route.pattern), route))

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route and what stands in its braces. `path` is still percent-encoded, its parts are not."""
        for expression, route in self._routes.get((method, _first(path)), ()):
            if match := expression.fullmatch(path):
                return route, {name: unquote(value) for name, value in match.groupdict().items()}
        return None
