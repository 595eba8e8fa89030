"""Starting the daemon when the default socket has none.

`python -m hythe daemon --ready-fd N` is started in a session of its own, with its output in
EXEC_ROOT/daemon.log; it writes a byte to the pipe N when it answers. End of file on the pipe without a
byte means that it ended: the tail of its log says why. Two starting at once are told apart by the daemon's
own lock; the one that loses finds the socket answering when it looks again.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Final

from hythe.client.address import Address, exec_root
from hythe.errors import Denied, SystemProblem, Unavailable

_TAIL: Final = 15


def start(address: Address) -> None:
    """Start a daemon and wait until it answers. Raises Unavailable with the end of its log if it does not."""
    root = exec_root()
    log = f"{root}/daemon.log"
    sys.stderr.write("Starting the hythe daemon\n")
    sys.stderr.flush()
    ready, begin = _spawn(root, log)
    try:
        answered = os.read(ready, 1)
    finally:
        os.close(ready)
    if not answered and not _answers(address):
        raise Unavailable(
            f"the daemon did not start; the end of {log}:\n{_tail(log, begin)}",
            hint="start it in the foreground to see more: hythe daemon",
        )


def _spawn(root: str, log: str) -> tuple[int, int]:
    """(the reading end of the ready pipe, the length of the log before)."""
    try:
        os.makedirs(root, 0o711, exist_ok=True)  # noqa: PTH103 - no pathlib in the short-lived client
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
    except PermissionError as error:
        raise Denied(f"permission denied: {error.filename}", hint="run this command with sudo") from error
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
