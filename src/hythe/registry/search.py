"""Searching: docker's older index API, which docker.io has, and hardly any other registry.

    GET https://index.docker.io/v1/search?q=TERM&n=LIMIT

A term may begin with a registry: "registry.lan/redis". No registry of the present specification can search; then the
error says what to do instead.
"""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import quote

from msgspec import Struct

from hythe.oci.reference import DEFAULT_REGISTRY
from hythe.registry.answers import decoded
from hythe.registry.connection import Connection
from hythe.registry.credentials import Credentials
from hythe.registry.endpoint import Endpoint, candidates, secured
from hythe.registry.failures import Refused, RegistryProblem, Unreachable
from hythe.registry.settings import Settings

_INDEX: Final = "index.docker.io"


class Result(Struct):
    """As the Engine API gives it."""

    name: str = ""
    description: str | None = ""
    is_official: bool = False
    is_automated: bool = False
    star_count: int = 0


class _Results(Struct):
    results: list[Result] = []


async def search(term: str, limit: int, credentials: Credentials, settings: Settings) -> list[Result]:
    """At most `limit` images, as the index has them in order. Raises RegistryProblem."""
    registry, words = _split(term)
    query = f"/v1/search?q={quote(words)}&n={limit}"
    places = await asyncio.to_thread(_places, registry, settings)
    for place in places:
        connection = Connection(place, credentials, settings)
        try:
            return await _ask(connection, query, registry)
        except Unreachable:
            if place is places[-1]:
                raise
        finally:
            await connection.close()
    raise AssertionError("the last place returns or raises")


def _places(registry: str, settings: Settings) -> list[Endpoint]:
    if registry == DEFAULT_REGISTRY:
        return [Endpoint(f"https://{_INDEX}", settings.is_insecure(_INDEX), secured(_INDEX, settings))]
    return candidates(registry, settings, mirrors=False)


async def _ask(connection: Connection, query: str, registry: str) -> list[Result]:
    try:
        async with connection.request("GET", query) as response:
            data = await connection.read(response)
    except Refused as error:
        raise RegistryProblem(
            f"Unexpected status code {error.status}",
            hint=f"the registry {registry} cannot be searched, as most cannot"
            if error.status == 404
            else None,
        ) from error
    return decoded(data, _Results, f"the answer of {registry} to a search").results


def _split(term: str) -> tuple[str, str]:
    """(registry, what is searched for); "library/" is what docker.io adds and does not search for."""
    first, slash, rest = term.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first, rest
    return DEFAULT_REGISTRY, term.removeprefix("library/")
