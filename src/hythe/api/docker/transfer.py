"""Large bodies, both ways, without holding them in memory.

In: a request's body is spooled to an unnamed file on the data root's disk, since readers of archives seek.
Out: whoever writes an archive writes into a pipe from a thread, and what comes out is sent; a client that
leaves closes the pipe, which ends the writer with EPIPE. A slow client keeps a writer and its thread, so that only so
many are served at a time (`connection.Server`), and the others wait without one.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from hythe.errors import InvalidArgument, NoSpace

if TYPE_CHECKING:
    from hythe.api.docker.call import Call

_PIECE: Final = 1024 * 1024
_READ: Final = 256 * 1024


@contextlib.asynccontextmanager
async def spooled(call: Call) -> AsyncIterator[BinaryIO]:
    """The request's body as a file, at its beginning. Raises NoSpace; InvalidArgument if there is none."""
    with tempfile.TemporaryFile(dir=call.engine.paths.data) as file:
        pending, total = bytearray(), 0
        try:
            async for chunk in call.body_stream():
                pending += chunk
                total += len(chunk)
                if len(pending) >= _PIECE:
                    await asyncio.to_thread(file.write, bytes(pending))
                    pending.clear()
            await asyncio.to_thread(file.write, bytes(pending))
            file.flush()
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise NoSpace(f"no space left for the request's body of {total} bytes or more") from error
            raise
        if total == 0:
            raise InvalidArgument("the request has no body: an archive is needed")
        file.seek(0)
        yield cast(BinaryIO, file)


async def produced(call: Call, write: Callable[[BinaryIO], Awaitable[object]]) -> AsyncGenerator[bytes, None]:
    """What `write` writes, as it writes it. An error of its before the first byte is raised here, at once.

    The caller closes the generator: a writer whose client has left would wait at a full pipe, and keep its thread.
    """
    async with call.connection.transfers:
        reading, writing = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(reading, False)
        task = asyncio.ensure_future(_write_all(write, writing))
        try:
            while chunk := await _read(reading):
                yield chunk
        finally:
            os.close(reading)
            with contextlib.suppress(BrokenPipeError):
                await task


async def _read(descriptor: int) -> bytes:
    """The next piece from a pipe, without a thread that waits for it; b"" at its end."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            return os.read(descriptor, _READ)
        except BlockingIOError:
            ready: asyncio.Future[None] = loop.create_future()
            loop.add_reader(descriptor, _resolve, ready)
            try:
                await ready
            finally:
                loop.remove_reader(descriptor)


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def _write_all(write: Callable[[BinaryIO], Awaitable[object]], descriptor: int) -> None:
    """Run the writer; its end of the pipe is closed whatever happens, or the reader would wait for ever."""
    file = os.fdopen(descriptor, "wb", buffering=0)
    try:
        await write(cast(BinaryIO, file))
    finally:
        with contextlib.suppress(OSError):
            file.close()
