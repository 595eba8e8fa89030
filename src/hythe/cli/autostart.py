"""Starting the daemon when the default socket has none.

`python -m hythe daemon --ready-fd N` is started in a session of its own, with its output in
EXEC_ROOT/daemon.log; it writes a byte to the pipe N when it answers. End of file on the pipe without a
byte means that it ended: the tail of its log says why. Of several commands that find no daemon at once, one
starts it under a file lock, and the others, when they get the lock, find it answering.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from hythe.client.address import Address, exec_root
from hythe.errors import Denied, SystemProblem, Unavailable

_TAIL: Final = 15


def start(address: Address) -> None:
    """Start a daemon and wait until it answers. Raises Unavailable with the end of its log if it does not."""
    root = exec_root()
    log = f"{root}/daemon.log"
    with _alone(root):
        if _answers(address):
            return
        sys.stderr.write("Starting the hythe daemon\n")
        sys.stderr.flush()
        ready, begin = _spawn(log)
        try:
            answered = os.read(ready, 1)
        finally:
            os.close(ready)
    if not answered:
        raise Unavailable(
            f"the daemon did not start; the end of {log}:\n{_tail(log, begin)}",
            hint="start it in the foreground to see more: hythe daemon",
        )


@contextmanager
def _alone(root: str) -> Iterator[None]:
    """Hold the lock under which daemons are started."""
    try:
        os.makedirs(root, 0o711, exist_ok=True)  # noqa: PTH103 - no pathlib in the short-lived client
        lock = os.open(f"{root}/start.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except PermissionError as error:
        raise Denied(
            f"permission denied: {error.filename}",
            hint="log in anew for a session with an $XDG_RUNTIME_DIR, or set it to a directory of your own, "
            "or run this command with sudo",
        ) from error
    except OSError as error:
        raise SystemProblem(f"cannot write to {root}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _spawn(log: str) -> tuple[int, int]:
    """(the reading end of the ready pipe, the length of the log before)."""
    try:
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
    except OSError as error:
        raise SystemProblem(f"cannot write {log}: {error.strerror}") from error
    ready, ours = os.pipe()
    try:
        begin = os.fstat(output).st_size
        subprocess.Popen(
            [sys.executable, "-m", "hythe", "daemon", "--ready-fd", str(ours)],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, pass_fds=[ours], cwd="/",
            start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        os.close(ready)
        raise SystemProblem(f"cannot start the daemon: {error}") from error
    finally:
        os.close(ours)
        os.close(output)
    return ready, begin


def _answers(address: Address) -> bool:
    from hythe.client import Client
    from hythe.errors import HytheError

    try:
        Client(str(address), timeout=5).ping()
    except HytheError:
        return False
    return True


def _tail(log: str, begin: int) -> str:
    try:
        with open(log, "rb") as file:
            file.seek(begin)
            lines = file.read().decode(errors="replace").splitlines()
    except OSError as error:
        return f"(it cannot be read: {error.strerror})"
    return "\n".join(f"    {line}" for line in lines[-_TAIL:]) or "    (it is empty)"
