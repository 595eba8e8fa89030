"""What a child that is being set up says, read by the command that forked it or that starts it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

from hythe.errors import CannotStart, HytheError, SystemProblem
from hythe.runtime.command import jsonfile
from hythe.runtime.init.channel import PROCEED, START
from hythe.runtime.protocol import error_of

_PACKET = 1 << 16


def until_ready(
    line: socket.socket, on_namespaces: Callable[[], None], on_mounted: Callable[[], None]
) -> tuple[list[str], int]:
    """(warnings, the terminal's master or -1). `on_namespaces` runs when these are there, meanwhile the child goes on;
    `on_mounted` when all but the root is in place and the child waits.

    Raises what the child says, and what the two do.
    """
    line.setblocking(True)
    while True:
        packet, fds, _, _ = socket.recv_fds(line, _PACKET, 1)
        if not packet:
            raise SystemProblem("the container's first process ended before all was set up")
        message = jsonfile.decode(packet, "the child's message")
        if message["kind"] == "error":
            raise failure(error_of(message["error"]))
        if message["kind"] == "namespaces":
            on_namespaces()
        if message["kind"] == "mounted":
            on_mounted()
        if message["kind"] == "ready":
            return message["warnings"], fds[0] if fds else -1


def proceed(line: socket.socket, state: str) -> None:
    """Let a child that waits for hooks go on; `state` is for those that it runs itself."""
    line.send(PROCEED + state.encode())


def start(line: socket.socket, on_listener: Callable[[int], None]) -> None:
    """Say "start" and wait for exec."""
    line.send(START)
    until_exec(line, on_listener)


def until_exec(line: socket.socket, on_listener: Callable[[int], None]) -> None:
    """Return once exec has succeeded. Raises what the child says otherwise, and what `on_listener` does.

    `on_listener` is called with the number of the child's descriptor for a seccomp agent, while the child waits.
    """
    while packet := line.recv(_PACKET):
        message = jsonfile.decode(packet, "the child's message")
        if message["kind"] == "error":
            raise failure(error_of(message["error"]))
        on_listener(message["number"])
        line.send(PROCEED)


def failure(error: HytheError) -> HytheError:
    """The error with the words that callers of runc look for."""
    text = f"unable to start container process: {error.message}"
    if isinstance(error, CannotStart):
        return CannotStart(text, exit_code=error.exit_code, hint=error.hint)
    return type(error)(text, hint=error.hint)


def connect(folder: str, name: str) -> socket.socket:
    """To the socket `name` in `folder`, whose path may be longer than a socket's address. Raises OSError."""
    fd = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        line.connect(f"/proc/self/fd/{fd}/{name}")
    except OSError:
        line.close()
        raise
    finally:
        os.close(fd)
    return line


def listen(folder: str, name: str) -> socket.socket:
    """A listening socket `name` in `folder`. Raises OSError."""
    fd = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        line.bind(f"/proc/self/fd/{fd}/{name}")
        line.listen(8)
    except OSError:
        line.close()
        raise
    finally:
        os.close(fd)
    return line
