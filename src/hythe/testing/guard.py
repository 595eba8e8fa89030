"""Whoever ends tests, and however: what they made in an engine is taken away.

A guard is a process beside the tests that waits for the end of its standard input. The tests hold the other end and
never write; the kernel closes it when they end well, are interrupted, or are killed with no chance to clean up. In a
session of its own, a guard does not get the terminal's Ctrl-C. So there is one way to clean up, and it always runs.

    python -m hythe.testing.guard engine ROOT READY_FD FLAG...   run a daemon below ROOT; in the end end it, remove ROOT
    python -m hythe.testing.guard label HOST LABEL               in the end remove what has LABEL at the engine HOST
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from hythe.client.blocking.client import Client, connect
from hythe.errors import Conflict, HytheError, NotFound

END_SECONDS = 30


def main(argv: list[str]) -> int:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # whoever ends us by a group must not keep us from cleaning up
    if argv[0] == "engine":
        return guard_engine(Path(argv[1]), int(argv[2]), argv[3:])
    wait_for_the_end()
    with contextlib.suppress(HytheError), connect(argv[1]) as client:  # an engine that is gone has nothing
        remove_all(client, {"label": argv[2]})
    return 0


def wait_for_the_end() -> None:
    while os.read(0, 4096):
        pass


def guard_engine(root: Path, ready: int, flags: list[str]) -> int:
    """`ready` gets a byte when it answers, and is closed without one when it does not start."""
    host = f"unix://{root / 'api.sock'}"
    command = [
        sys.executable, "-m", "hythe", "daemon", "--data-root", str(root / "data"), "--exec-root", str(root / "run"),
        "-H", host, *flags,
    ]  # fmt: skip
    with (root / "daemon.log").open("ab") as log:
        daemon = _spawn([*command, "--ready-fd", str(ready)], log.fileno(), ready)
        (root / "daemon.pid").write_text(str(daemon.pid))
        os.close(ready)
        wait_for_the_end()
        try:
            _empty(host)
        except HytheError:  # it was killed, or does not answer any more; its containers live
            daemon.kill()
            daemon.wait()
            daemon = _replaced(command, log.fileno())
            with contextlib.suppress(HytheError):  # one that never started has nothing
                _empty(host)
    daemon.terminate()
    try:
        daemon.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()
    shutil.rmtree(root)
    return 0


def _empty(host: str) -> None:
    """Raises HytheError where nobody answers."""
    with connect(host, timeout=END_SECONDS) as client:
        remove_all(client, {}, images=os.geteuid() != 0)


def _spawn(command: list[str], log: int, *descriptors: int) -> subprocess.Popen[bytes]:
    def default_signals() -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)

    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        pass_fds=descriptors,
        preexec_fn=default_signals,
    )


def _replaced(command: list[str], log: int) -> subprocess.Popen[bytes]:
    """A daemon in the place of one that has been killed: it knows what the other had, and its containers live."""
    answers, ready = os.pipe()
    daemon = _spawn([*command, "--ready-fd", str(ready)], log, ready)
    os.close(ready)
    os.read(answers, 1)
    os.close(answers)
    return daemon


def remove_all(client: Client, filters: dict[str, str], *, images: bool = False) -> None:
    """Containers, networks and volumes that match. What goes by itself meanwhile, or is held by others, is let be.

    Raises Unavailable. `images`: those too; their layers, in an ordinary user's engine, only it can remove.
    """
    for container in client.containers.list(filters, all=True):
        _let_be(lambda each=container: each.remove(force=True, volumes=True))  # type: ignore[misc]
    for network in client.networks.list({**filters, "type": "custom"}):
        _let_be(lambda each=network: client.networks.get(each.id).remove())  # type: ignore[misc]
    for volume in client.volumes.list(filters):
        _let_be(lambda each=volume: client.volumes.get(each.name).remove())  # type: ignore[misc]
    if images:
        for image in client.images.list():
            _let_be(lambda each=image: client.images.remove(each.id, force=True))  # type: ignore[misc]


def _let_be(remove: Callable[[], object]) -> None:
    with contextlib.suppress(NotFound, Conflict):
        remove()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
