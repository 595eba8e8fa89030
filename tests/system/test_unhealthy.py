"""Restarting what has become unhealthy, which dockerd does not do: by label, and by the flag of `hythe run`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.targets import Target, start_hythe
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.root

CHECK = [
    "--health-cmd",
    "test ! -e /ill",
    "--health-interval",
    f"{200 * PATIENCE:g}ms",
    "--health-retries",
    "2",
]
LABEL = ["--label", "io.hythe.restart-on-unhealthy=true"]


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Target]:
    with start_hythe(tmp_path) as target:
        yield target


def health(target: Target) -> str:
    status: str = target.inspect("patient")["State"]["Health"]["Status"]
    return status


def falls_ill(target: Target, *options: str, by: str) -> int:
    """Its pid when it has been healthy, and then is not any more."""
    run = target.docker if by == "docker" else target.hythe
    started = run("run", "-d", "--name", "patient", *CHECK, *options, "busybox", "sleep", "1000")
    assert started.code == 0, started.err
    wait_until(lambda: health(target) == "healthy")
    pid: int = target.inspect("patient")["State"]["Pid"]
    assert target.docker("exec", "patient", "touch", "/ill").code == 0
    return pid


@pytest.mark.parametrize(("by", "options"), [("docker", LABEL), ("hythe", ["--restart-on-unhealthy"])])
def test_it_is_restarted(daemon: Target, by: str, options: list[str]) -> None:
    options = [*options, "--stop-signal", "KILL"]
    pid = falls_ill(daemon, *options, by=by)
    wait_until(lambda: daemon.inspect("patient")["State"]["Pid"] not in (0, pid))
    chosen = ["--since", "1", "--until", f"{time.time():.9f}", "-f", "container=patient"]
    shown = daemon.docker("events", *chosen, "--format", "{{.Action}}")
    told = [line for line in shown.out.splitlines() if not line.startswith("exec")]
    ill = told.index("health_status: unhealthy")
    wanted = ["kill", "die", "stop", "start", "restart"]
    assert [each for each in told[ill + 1 :] if each in wanted][:2] == wanted[:2]


def test_it_is_left_alone_without_the_label(daemon: Target) -> None:
    pid = falls_ill(daemon, by="docker")
    wait_until(lambda: health(daemon) == "unhealthy")
    assert daemon.docker("exec", "patient", "sleep", "1").code == 0
    assert daemon.inspect("patient")["State"]["Pid"] == pid
