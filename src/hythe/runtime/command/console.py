"""Terminals: who gets the master. A console socket (runc's protocol: one message with the descriptor), or we."""

from __future__ import annotations

import os
import socket

from hythe.errors import InvalidArgument


def check(*, terminal: bool, detached: bool, console_socket: str) -> None:
    """Raises InvalidArgument with runc's words."""
    if terminal and detached and not console_socket:
        raise InvalidArgument("cannot allocate tty if runc will detach without setting console socket")
    if console_socket and not (terminal and detached):
        raise InvalidArgument("cannot use console socket if runc will not detach or allocate tty")


def hand_over(master: int, path: str) -> None:
    """Send the master to who listens at `path`, and close it. Raises OSError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        try:
            line.connect(path)
        except OSError as error:
            raise OSError(error.errno, f"console socket: {error.strerror}", path) from error
        socket.send_fds(line, [b"/dev/ptmx"], [master])
    os.close(master)
