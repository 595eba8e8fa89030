"""Ending work whose client has left."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, TypeVar

from hythe.kube.apiserver.connection import Connection

T = TypeVar("T")


async def until_gone(connection: Connection, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which is cancelled if the client leaves before. Raises ConnectionError then."""
    task = asyncio.ensure_future(work)
    both: set[asyncio.Future[Any]] = {task, connection.gone}
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ConnectionError("the client has left")
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
