"""Answers that last: logs, events, statistics, progress, archives, and the wait for an exit.

Headers are sent at once, so that the client knows that its subscription stands before it does the next thing.
Every such answer ends when the client goes away: whatever the handler is waiting for is cancelled.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Coroutine
from typing import TYPE_CHECKING, Any, Final, TypeVar

from aiohttp import web

from hythe.api.docker.errors import json_line, status_of
from hythe.api.docker.headers import HEADERS
from hythe.base.departure import until_gone
from hythe.errors import HytheError

if TYPE_CHECKING:
    from hythe.api.docker.call import Call

T = TypeVar("T")

JSON: Final = "application/json"
TAR: Final = "application/x-tar"


async def begin(call: Call, content_type: str, headers: dict[str, str] | None = None) -> web.StreamResponse:
    """Send the head of a 200 answer whose length is not known."""
    response = web.StreamResponse(headers={"Content-Type": content_type, **HEADERS, **(headers or {})})
    await call.answering(response.status, response.headers)
    await response.prepare(call.request)
    return response


async def while_connected(call: Call, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which is cancelled if the client leaves before; then ClientGone."""
    return await until_gone(call.connection.gone, work)


async def send_bytes(
    call: Call, content_type: str, chunks: AsyncGenerator[bytes, None], headers: dict[str, str] | None = None
) -> web.StreamResponse:
    """Send chunks as they come. The first is awaited before the head, so an early error is still a status."""
    async with contextlib.aclosing(chunks):
        first = await while_connected(call, _next(chunks))
        response = await begin(call, content_type, headers)

        async def pump() -> None:
            chunk = first
            while chunk is not None:
                await response.write(chunk)
                chunk = await _next(chunks)

        await while_connected(call, pump())
    await response.write_eof()
    return response


async def _next(iterator: Any) -> Any:
    return await anext(iterator, None)


async def send_progress(
    call: Call, messages: AsyncGenerator[dict[str, Any], None], *, wait: bool = False
) -> web.StreamResponse:
    """Progress of a build, a load or a pull: an error after the head becomes the stream's last message.

    `wait`: the head is sent with the first message, so that an error before it is still a status.
    """
    first = await while_connected(call, _next(messages)) if wait else None
    response = await begin(call, JSON)

    async def pump() -> None:
        try:
            async with contextlib.aclosing(messages):
                if first is not None:
                    await response.write(json_line(first))
                async for message in messages:
                    await response.write(json_line(message))
        except HytheError as error:
            detail = {"message": str(error), "code": status_of(error)}
            await response.write(json_line({"errorDetail": detail, "error": str(error)}))

    await while_connected(call, pump())
    await response.write_eof()
    return response
