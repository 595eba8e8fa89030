"""`hythe kube up`: engine, server and agent on this machine, kept running by a supervisor.

In the foreground this process is the supervisor. In the background it starts one, in a session of its own, and waits
for its word. What is running already is left alone: a second `up` says so and does nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from hythe.base.files import write_atomic
from hythe.errors import Unavailable
from hythe.kernel.identity import alive, start_time
from hythe.kube.cluster.places import Places
from hythe.kube.cluster.settings import Settings
from hythe.kube.cluster.supervisor import Program, Supervisor
from hythe.kube.cluster.tail import tail

_SUPERVISOR_LOG: Final = "up.log"


def programs(settings: Settings, places: Places) -> list[Program]:
    """What runs; without the engine where another container runtime was named."""
    data = str(places.data)
    found = [
        Program("server", _hythe("kube", "server", "--data-dir", data), places.logs / "server.log"),
        Program("agent", _hythe("kube", "agent", "--data-dir", data, "--local"), places.logs / "agent.log"),
    ]
    return found if settings.cri else [engine_program(places), *found]


def engine_program(places: Places) -> Program:
    """The engine of the cluster's own pods."""
    command = _hythe(
        "daemon", "--data-root", str(places.engine), "--exec-root", str(places.engine_run),
        "-H", places.engine_host, "--cri", places.cri, "--config-file", os.devnull,
    )  # fmt: skip
    return Program("engine", command, places.logs / "engine.log")


def _hythe(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "hythe", *arguments]


def supervise(settings: Settings, places: Places, ready_fd: int | None, chosen: Callable[[], None]) -> None:
    """Keep the programs running, in this process, until SIGTERM or SIGINT. Raises Unavailable if they do not start.

    `chosen` is called when they have what they chose of this machine (`make.alone`).
    """

    def ready() -> None:
        chosen()
        _tell(ready_fd)

    places.run.mkdir(parents=True, exist_ok=True, mode=0o711)
    places.alone.unlink(missing_ok=True)
    with _recorded(places.supervisor):
        Supervisor(programs(settings, places)).run(ready, places.alone.touch)


def start(places: Places) -> None:
    """Start a supervisor in the background and wait until all is ready. Raises Unavailable with the end of its log."""
    places.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = places.logs / _SUPERVISOR_LOG
    ready, ours = os.pipe()
    with log.open("ab") as output:
        begin = output.tell()
        subprocess.Popen(
            _hythe("kube", "up", "--data-dir", str(places.data), "--foreground", "--ready-fd", str(ours)),
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, pass_fds=[ours], cwd="/",
            start_new_session=True,
        )  # fmt: skip
    os.close(ours)
    try:
        answered = os.read(ready, 1)
    finally:
        os.close(ready)
    if not answered:
        raise Unavailable(f"the cluster did not start; the end of {log}:\n{tail(log, begin)}")


def running(places: Places) -> int:
    """The supervisor's pid, 0 if none runs."""
    try:
        pid, began = json.loads(places.supervisor.read_text())
    except (OSError, ValueError):
        return 0
    return int(pid) if alive(int(pid), began) else 0


@contextmanager
def _recorded(path: Path) -> Iterator[None]:
    """Keeps our pid and start time in `path` for as long as we run."""
    pid = os.getpid()
    write_atomic(path, json.dumps([pid, start_time(pid)]).encode(), durable=False)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _tell(descriptor: int | None) -> None:
    if descriptor is not None:
        with contextlib.suppress(OSError):
            os.write(descriptor, b"1")
            os.close(descriptor)
