"""Ending work whose client has left."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class ClientGone(ConnectionError):
    """The client left in the middle of an answer; the quiet end of a request."""


async def until_gone(gone: asyncio.Future[None], work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which is cancelled if `gone` is done before; then ClientGone."""
    task = asyncio.ensure_future(work)
    both: set[asyncio.Future[Any]] = {task, gone}
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientGone("the client has left")
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
