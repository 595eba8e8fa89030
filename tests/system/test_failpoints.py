"""`kill -9` of the daemon and of the warden at every step of a container's life (`hythe.base.failpoints`).

A bystander runs all along and must not notice. What was being done may have come to nothing, but it has to be over
and known: afterwards the victim can be removed, another one be run, and nothing is left behind.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.system.test_daemon_crash import leftovers, wait_until
from tests.targets import Target, start_hythe
from tests.waiting import PATIENCE

pytestmark = pytest.mark.root

OPERATIONS = ("create", "start", "exec", "kill", "delete")
POINTS = [
    *(f"daemon:{op}:{when}" for op in OPERATIONS for when in ("sending", "answered")),
    *(f"warden:{op}:{when}" for op in OPERATIONS for when in ("received", "answering")),
    *(f"warden:event:{name}" for name in ("namespaces", "exit")),
    *(f"warden:record:{name}" for name in ("state", "exit")),
    *(f"daemon:save {number}" for number in range(2, 5)),
]
QUICK = frozenset((
    "daemon:create:answered", "daemon:start:sending", "daemon:kill:answered", "daemon:save 3",
    "warden:create:answering", "warden:start:received", "warden:exec:answering", "warden:event:exit",
    "warden:record:state", "warden:record:exit",
))  # fmt: skip
"""At least one of each kind; the others are for `make test-all`."""
ONCE_BEFORE = ("create", "start", "namespaces", "state")
"""What the bystander has passed as well: the victim is the second."""


def variable(point: str, flag: Path) -> str:
    name, _, number = point.partition(" ")
    times = number or (
        "2" if name.rpartition(":")[2] in ONCE_BEFORE or name.split(":")[1] in ONCE_BEFORE else "1"
    )
    return f"{name} {times} {flag}"


@contextmanager
def failing_at(point: str, folder: Path) -> Iterator[Target]:
    os.environ["HYTHE_FAILPOINT"] = variable(point, folder / "reached")
    try:
        with start_hythe(folder) as target:
            del os.environ["HYTHE_FAILPOINT"]
            yield target
    finally:
        os.environ.pop("HYTHE_FAILPOINT", None)


def a_life(target: Target) -> None:
    """Each of these may fail, and whoever asks must be told within reasonable time."""
    for command in (
        ("run", "-d", "--name", "victim", "busybox", "sleep", "1000"),
        ("exec", "victim", "true"),
        ("stop", "-t", "1", "victim"),
        ("rm", "-f", "victim"),
    ):
        target.docker(*command, timeout=30)


@pytest.mark.parametrize(
    "point", [pytest.param(p, marks=[] if p in QUICK else pytest.mark.slow) for p in POINTS]
)
def test_killed_at(point: str, tmp_path: Path) -> None:
    with failing_at(point, tmp_path) as target:
        instance = json.loads(target.docker("info", "--format", "{{json .ID}}").out)
        started = target.docker("run", "-d", "--name", "bystander", "busybox", "sleep", "1000")
        assert started.code == 0, started.err
        pid = target.inspect("bystander")["State"]["Pid"]
        a_life(target)
        assert (tmp_path / "reached").exists(), f"{point} was never reached"
        with another_where_it_died(target) as daemon:
            assert daemon.inspect("bystander")["State"]["Pid"] == pid
            assert daemon.docker("exec", "bystander", "echo", "in").out == "in\n"
            settled(daemon)
            assert daemon.docker("rm", "-f", "victim").code == 0
            assert daemon.docker("run", "--rm", "--name", "victim", "busybox", "echo", "new").out == "new\n"
            assert daemon.docker("rm", "-f", "bystander").code == 0
            assert not list((tmp_path / "run" / "containers").iterdir())
            assert not list((tmp_path / "run" / "warden").glob("[0-9a-f]*"))
    wait_until(
        lambda: not leftovers(instance, tmp_path), otherwise=lambda: str(leftovers(instance, tmp_path))
    )


def settled(daemon: Target) -> None:
    """The victim is in a state that can be: it runs, and something can be run in it, or it does not."""
    shown = daemon.docker("ps", "-a", "--filter", "name=victim", "--format", "{{.State}}").out.strip()
    assert shown in ("", "created", "running", "exited"), shown
    if shown == "running":
        assert daemon.docker("exec", "victim", "echo", "in").out == "in\n"


@contextmanager
def another_where_it_died(target: Target) -> Iterator[Target]:
    if target.docker("version", timeout=10).code == 0:
        yield target
        return
    from tests.system.test_daemon_crash import again

    process = again(target)
    try:
        yield target
    finally:
        process.terminate()
        process.wait(30 * PATIENCE)
