"""`hythe daemon`: runs in the foreground until SIGTERM or SIGINT, then ends with 0.

Everything that can be wrong with the configuration is found before anything is touched. Readiness is one byte
on --ready-fd, written when the sockets answer; a daemon that fails closes it without.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from hythe.base.files import write_atomic
from hythe.daemon.config import Config, load
from hythe.daemon.lock import DirectoryLock
from hythe.daemon.rootless.entrance import Inside, enter
from hythe.errors import HytheError

log = logging.getLogger("hythe.daemon")

# Made when needed. More than may be taken by archives on their way to slow clients (`api.docker.connection`) and by
# builds, whose steps need another.
THREADS: Final = 96


def main(argv: Sequence[str] | None = None) -> int:
    """0 after an orderly end, 1 if it could not start, 2 for a mistake in the flags."""
    try:
        config = load(sys.argv[1:] if argv is None else argv)
        _set_up_logging(config.log_level)
        inside = enter(config.exec_root) if os.geteuid() else None
        for warning in inside.warnings if inside else ():
            log.warning("%s", warning)
        with DirectoryLock(config.data_root), DirectoryLock(config.exec_root), _pidfile(config.pidfile):
            return asyncio.run(_run(config, inside))
    except HytheError as error:
        sys.stderr.write(f"hythe daemon: {error}\n")
        return 1


def _set_up_logging(level: str) -> None:
    """One line each on standard error; a service manager adds the time if it wants its own."""
    logging.basicConfig(
        stream=sys.stderr,
        level=getattr(logging, level.upper()),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    logging.getLogger("asyncio").setLevel(logging.WARNING)


@contextlib.contextmanager
def _pidfile(path: Path | None) -> Iterator[None]:
    """Holds our pid in `path` for as long as we run."""
    if path is None:
        yield
        return
    write_atomic(path, f"{os.getpid()}\n".encode(), durable=False)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


async def _run(config: Config, inside: Inside | None) -> int:
    # The engine and the HTTP server are imported only now: a mistake in the flags is told at once.
    from hythe.daemon.app import Daemon

    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(THREADS, "work"))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    daemon = Daemon(config, inside)
    await daemon.start()
    gc.collect()
    gc.freeze()  # all that was loaded stays: the collector need not look at it at every turn
    _tell_ready(config.ready_fd)
    log.info("ready, pid %d", os.getpid())
    await stopping.wait()
    log.info("stopping")
    await daemon.stop()
    return 0


def _tell_ready(descriptor: int | None) -> None:
    if descriptor is None:
        return
    with contextlib.suppress(OSError):
        os.write(descriptor, b"1")
    with contextlib.suppress(OSError):
        os.close(descriptor)
