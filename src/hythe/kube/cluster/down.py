"""`hythe kube down`: everything of a cluster on this machine gone, in an order in which nothing comes back.

    agent and server end -> pods are removed through CRI -> the engine ends, which leaves nothing behind when it has no
    containers -> the proxy's table and route -> control groups -> mounts below the data directory -> files

Where the container runtime is somebody else's, its pods are too.

Each step holds for a cluster that is half gone: down after a crash, down twice. What runs is found by pid and start
time, everything else by names that carry the cluster's id.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Final

from hythe.errors import SystemProblem
from hythe.kernel.cgroups.trees import remove_everywhere
from hythe.kernel.identity import alive, start_time
from hythe.kernel.mountinfo import below, read_mounts
from hythe.kernel.mounts import unmount
from hythe.kube.cluster import sandboxes
from hythe.kube.cluster.membership import pods_group
from hythe.kube.cluster.places import Places
from hythe.kube.cluster.settings import Settings
from hythe.kube.cluster.up import engine_program, running
from hythe.kube.proxy import proxy

_PATIENCE: Final = 40.0


def down(settings: Settings, places: Places, *, keep_data: bool) -> None:
    """Take it away; `keep_data` leaves the files, from which `up` brings the same cluster back. Raises HytheError."""
    pid = running(places)
    if pid and not settings.cri:
        _narrow(pid, places)
        sandboxes.remove_all(places.cri)
    if pid:
        _end(pid)
    elif not settings.cri:
        _end_pods(places)
    proxy.remove(settings.id, settings.services)
    remove_everywhere(pods_group(settings.id))
    _unmount_below(places.data)
    shutil.rmtree(places.run, ignore_errors=True)
    if not keep_data:
        _remove_files(places.data)


def _narrow(pid: int, places: Places) -> None:
    """Have the supervisor end all programs but the engine."""
    began, end = start_time(pid), time.monotonic() + _PATIENCE
    os.kill(pid, signal.SIGUSR1)
    while not places.alone.exists():
        if not alive(pid, began) or time.monotonic() > end:
            raise SystemProblem(
                f"process {pid} does not end the cluster's programs", hint=f"see {places.logs}"
            )
        time.sleep(0.02)


def _end_pods(places: Places) -> None:
    """After a crash: an engine is started, adopts what runs, and ends when nothing does any more."""
    if not places.engine.exists():
        return
    engine = engine_program(places)
    places.run.mkdir(parents=True, exist_ok=True, mode=0o711)
    ready = engine.start()
    try:
        if not os.read(ready, 1):
            raise SystemProblem(
                "the engine did not start, so its pods cannot be removed", hint=f"see {engine.log}"
            )
        sandboxes.remove_all(places.cri)
    finally:
        os.close(ready)
        engine.end()


def _end(pid: int) -> None:
    """SIGTERM, and SIGKILL when it takes too long."""
    began = start_time(pid)
    for number, patience in ((signal.SIGTERM, _PATIENCE), (signal.SIGKILL, _PATIENCE)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        end = time.monotonic() + patience
        while alive(pid, began):
            if time.monotonic() > end:
                break
            time.sleep(0.02)
        else:
            return
    raise SystemProblem(f"process {pid} does not end")


def _unmount_below(folder: Path) -> None:
    """Volumes of pods: the last mounted first."""
    mounts = [entry.point for entry in read_mounts("self")]
    for point in reversed([point for point in mounts if below(point, str(folder)) is not None]):
        unmount(point)


def _remove_files(data: Path) -> None:
    def failed(_function: object, path: str, _info: object) -> None:
        sys.stderr.write(f"cannot remove {path}\n")

    shutil.rmtree(data, onerror=failed)
    if data.exists():
        raise SystemProblem(f"files are left in {data}")
