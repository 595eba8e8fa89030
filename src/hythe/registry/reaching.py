"""Finding out which of a registry's endpoints answers.

Where several are possible, the first that answers is taken; a mirror that does not have what is wanted gives way to
the next one, which `first` does for whoever asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from hythe.registry.connection import Connection
from hythe.registry.credentials import NOBODY, Credentials
from hythe.registry.endpoint import candidates
from hythe.registry.failures import RegistryProblem, Unreachable
from hythe.registry.settings import Settings

T = TypeVar("T")


@asynccontextmanager
async def reach(registry: str, credentials: Credentials, settings: Settings) -> AsyncIterator[Connection]:
    """A connection to the registry itself. Raises Unreachable as its last endpoint did."""
    async with _answering(registry, credentials, settings, mirrors=False) as (connection, _):
        yield connection


@asynccontextmanager
async def first(
    registry: str, credentials: Credentials, settings: Settings, ask: Callable[[Connection], Awaitable[T]]
) -> AsyncIterator[tuple[Connection, T]]:
    """The first connection, mirrors included, for which `ask` gives an answer, and that answer."""
    async with _answering(registry, credentials, settings, mirrors=True, ask=ask) as (connection, answer):
        assert answer is not None
        yield connection, answer


@asynccontextmanager
async def _answering(
    registry: str,
    credentials: Credentials,
    settings: Settings,
    *,
    mirrors: bool,
    ask: Callable[[Connection], Awaitable[T]] | None = None,
) -> AsyncIterator[tuple[Connection, T | None]]:
    places = await asyncio.to_thread(candidates, registry, settings, mirrors=mirrors)  # reads all known CAs
    for place in places:
        connection = Connection(place, NOBODY if place.mirror else credentials, settings)
        try:
            await connection.ping()
            answer = None if ask is None else await ask(connection)
        except BaseException as error:
            await connection.close()
            passing = RegistryProblem if place.mirror else Unreachable
            if isinstance(error, passing) and place is not places[-1]:
                continue
            raise
        try:
            yield connection, answer
        finally:
            await connection.close()
        return
