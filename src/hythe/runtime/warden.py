"""The warden: a small, warm process that is the parent of every container (DESIGN.md, The processes).

    python -S -c '...' --socket PATH --state DIR [--ready-fd N]

Single-threaded, standard library only. It forks containers from its own warm self, owns their streams,
writes their logs and reaps them. It does not end with the daemon: the next one connects and asks for the
list. It ends by the request "shutdown", or by SIGTERM when it has no container.

Kept out: what a container is to users (engine), images, networks. See `protocol` for what it understands.
"""

from __future__ import annotations

import argparse
import fcntl
import gc
import os
import resource
import signal
import sys
import traceback

from hythe.kernel import process
from hythe.runtime.adopt import adopt_all
from hythe.runtime.events import Events
from hythe.runtime.loop import IN, Loop
from hythe.runtime.operations import Operations
from hythe.runtime.records import Records
from hythe.runtime.server import Server
from hythe.runtime.supervisor import Supervisor


def report(error: Exception) -> None:
    """An unforeseen fault: into the log (our standard error), with where it was."""
    traceback.print_exception(error, file=sys.stderr)
    sys.stderr.flush()


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="hythe-warden", description="parent of containers")
    parser.add_argument("--socket", required=True)
    parser.add_argument("--state", required=True)
    parser.add_argument("--ready-fd", type=int, default=-1)
    return parser.parse_args(argv)


def _lock(state: str) -> int:
    """One warden for a state folder. Raises BlockingIOError when there is another."""
    fd = os.open(f"{state}/.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return fd


def _raise_open_files() -> tuple[int, int]:
    """Use all descriptors that we may; what the limit was, for the containers."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return soft, hard


def main(argv: list[str]) -> int:
    """Run until told to end; the exit code."""
    options = _arguments(argv)
    process.set_name("hythe-warden")
    process.become_subreaper()
    process.stop_ignoring_signals()
    records = Records(options.state)
    try:
        lock = _lock(options.state)
    except BlockingIOError:
        print(f"another warden holds {options.state}", file=sys.stderr)
        return 1
    loop, events = Loop(report), Events()
    supervisor = Supervisor(loop, events, records, _raise_open_files())
    operations = Operations(supervisor, loop.stop)
    adopt_all(supervisor, records, loop, events)
    server = Server(loop, options.socket, operations.handle)
    events.connect(server.broadcast)

    def terminate(_: int) -> None:
        os.read(terminations, process.SIGNALFD_SIZE)
        if not supervisor.containers:
            loop.stop()

    terminations = process.signalfd((signal.SIGTERM,))
    loop.add(terminations, IN, terminate)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if options.ready_fd >= 0:
        os.write(options.ready_fd, b"1")
        os.close(options.ready_fd)
    gc.collect()
    gc.freeze()  # keeps the collector from writing to pages that are shared with children
    loop.run()
    supervisor.end_spares()
    server.close()
    os.close(lock)
    return 0
