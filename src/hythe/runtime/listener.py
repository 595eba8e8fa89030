"""Telling a seccomp agent of a process whose calls it is to answer (runtime-spec, config-linux.md, Seccomp).

The process waits meanwhile (`Channel.give_listener`). The agent's socket gets one packet: the container process state
as JSON, with the descriptor beside it. Nothing here waits for the agent: the warden has other containers. Where it
cannot be told, the process is killed, since each of its calls that notify would wait for ever.

Kept out: what makes the descriptor (`kernel.seccomp`, `kernel.seccomp_listener`).
"""

from __future__ import annotations

import json
import os
import signal
import socket
from typing import Any, Final

from hythe.errors import CannotStart
from hythe.kernel import identity, seccomp_listener

_VERSION: Final = "1.2.0"
_NAME: Final = "seccompFd"


def state(id: str, status: str, pid: int, bundle: str, annotations: dict[str, str]) -> dict[str, Any]:
    """The container's part of it (runtime.md, State)."""
    value: dict[str, Any] = {
        "ociVersion": _VERSION, "id": id, "status": status, "pid": pid, "bundle": bundle,
    }  # fmt: skip
    if annotations:
        value["annotations"] = annotations
    return value


def tell(path: str, metadata: str, pid: int, number: int, container: dict[str, Any]) -> None:
    """Send descriptor `number` of process `pid` to the agent at `path`; it has not been reaped.

    Raises CannotStart, OSError.
    """
    body: dict[str, Any] = {"ociVersion": _VERSION, "fds": [_NAME], "pid": pid}
    if metadata:
        body["metadata"] = metadata
    body["state"] = container
    pidfd = identity.pidfd_open(pid)
    try:
        _send(path, json.dumps(body).encode(), pidfd, number)
    except BaseException:
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        raise
    finally:
        os.close(pidfd)


def _send(path: str, packet: bytes, pidfd: int, number: int) -> None:
    try:
        fd = seccomp_listener.take(pidfd, number)
    except OSError as error:
        raise CannotStart(f"the seccomp listener cannot be had: {error.strerror}", exit_code=125) from error
    try:
        with _connected(path) as line:
            if socket.send_fds(line, [packet], [fd]) != len(packet):
                raise CannotStart(f"the seccomp agent at {path} does not read", exit_code=125)
    except OSError as error:
        raise CannotStart(
            f"failed to connect with seccomp agent specified in the seccomp profile: {path}: {error.strerror}",
            exit_code=125,
            hint="start the agent first, or leave out the rules with SCMP_ACT_NOTIFY",
        ) from error
    finally:
        os.close(fd)


def _connected(path: str) -> socket.socket:
    """By a descriptor of the socket's file: its path may be longer than an address. Raises OSError."""
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        line.connect(f"/proc/self/fd/{place}")
    except BaseException:
        line.close()
        raise
    finally:
        os.close(place)
    return line
