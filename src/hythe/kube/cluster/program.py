"""What the server's and the agent's programs have in common: signals, log, the byte that says "ready".

`--ready-fd N`: a byte is written to the descriptor N once the program does what it is for; it is closed without one
when the program fails before.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Final

from hythe.errors import HytheError

Main = Callable[[asyncio.Event, asyncio.Event], Coroutine[Any, Any, None]]
"""Runs until the second event is set; sets the first when it is ready."""
_COLLECT: Final = 20_000


def run(name: str, main: Main, ready_fd: int | None, level: str = "info") -> int:
    """The exit code: 0 after a signal, 1 after a failure, which has been told on standard error."""
    logging.basicConfig(
        stream=sys.stderr,
        level=level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    try:
        asyncio.run(_run(name, main, ready_fd))
    except HytheError as error:
        sys.stderr.write(f"hythe kube {name}: {error}\n")
        return 1
    return 0


async def _run(name: str, main: Main, ready_fd: int | None) -> None:
    loop, ready, stopping = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    teller = asyncio.create_task(_tell(name, ready, ready_fd))
    try:
        await main(ready, stopping)
    finally:
        teller.cancel()


async def _tell(name: str, ready: asyncio.Event, descriptor: int | None) -> None:
    await ready.wait()
    gc.collect()
    gc.freeze()  # all that was loaded stays: the collector need not look at it at every turn
    gc.set_threshold(_COLLECT)
    logging.getLogger(f"hythe.kube.{name}").info("ready, pid %d", os.getpid())
    if descriptor is not None:
        with contextlib.suppress(OSError):
            os.write(descriptor, b"1")
            os.close(descriptor)
