"""What the next daemon starts again after `kill -9` of the last: by policy, and by who had stopped it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.system.test_daemon_crash import again
from tests.targets import Target, start_hythe
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.root

SLEEP = ["busybox", "sleep", "1000"]


def run(target: Target, name: str, policy: str, *command: str) -> None:
    done = target.docker("run", "-d", "--name", name, "--restart", policy, "--stop-signal", "KILL", *command)
    assert done.code == 0, done.err


def state(target: Target, name: str) -> str:
    status: str = target.inspect(name)["State"]["Status"]
    return status


def pid(target: Target, name: str) -> int:
    number: int = target.inspect(name)["State"]["Pid"]
    return number


def test_what_comes_back(tmp_path: Path) -> None:
    with start_hythe(tmp_path) as daemon:
        for policy in ("always", "unless-stopped", "on-failure", "no"):
            run(daemon, f"stopped-{policy}", policy, *SLEEP)
            assert daemon.docker("stop", f"stopped-{policy}").code == 0
            run(daemon, f"died-{policy}", policy, *SLEEP)
        died = {
            policy: pid(daemon, f"died-{policy}")
            for policy in ("always", "unless-stopped", "on-failure", "no")
        }
        run(daemon, "runs", "no", *SLEEP)
        runs = pid(daemon, "runs")
        run(daemon, "waits", "on-failure", "busybox", "sh", "-c", "exit 3")
        wait_until(
            lambda: daemon.inspect("waits")["RestartCount"] >= 4 and state(daemon, "waits") == "restarting"
        )
        before = daemon.inspect("waits")["State"]["StartedAt"]
        os.kill(daemon.pid, signal.SIGKILL)
        for each in died.values():
            os.kill(each, signal.SIGKILL)
        following = again(daemon)
        try:
            for name in ("stopped-always", "died-always", "died-unless-stopped", "died-on-failure", "runs"):
                wait_until(lambda name=name: state(daemon, name) == "running", what=name)  # type: ignore[misc]
            for name in ("stopped-unless-stopped", "stopped-on-failure", "stopped-no", "died-no"):
                assert state(daemon, name) == "exited", name
            assert pid(daemon, "runs") == runs and pid(daemon, "died-always") not in died.values()
            wait_until(lambda: daemon.inspect("waits")["State"]["StartedAt"] > before)
        finally:
            daemon.docker("rm", "-f", *daemon.docker("ps", "-aq").out.split())
            following.terminate()
            following.wait(30 * PATIENCE)
