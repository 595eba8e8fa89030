"""`kill -9` of the daemon, and of a container's process, and the daemon's orderly end: what lives, what is left."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.targets import Target, hythe_command, start_hythe


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Target]:
    with start_hythe(tmp_path) as target:
        yield target


def inspect(target: Target, name: str) -> dict[str, dict[str, object]]:
    details: list[dict[str, dict[str, object]]] = json.loads(target.docker("inspect", name).out)
    return details[0]


def wait_until(condition: object, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():  # type: ignore[operator]
            return
        time.sleep(0.05)
    raise AssertionError("it did not come true in time")


def again(target: Target) -> subprocess.Popen[bytes]:
    """Another daemon on the same roots."""
    log = (target.root / "again.log").open("wb")
    process = subprocess.Popen(hythe_command(target.root), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    wait_until(lambda: target.docker("version").code == 0)
    return process


def test_containers_run_on_and_are_adopted_with_their_logs(daemon: Target) -> None:
    script = "i=0; while :; do echo $i; i=$((i+1)); sleep 0.05; done"
    daemon.docker("run", "-d", "--name", "counter", "busybox", "sh", "-c", script)
    daemon.docker("run", "-d", "--name", "brief", "busybox", "sh", "-c", "sleep 1; exit 9")
    pid = inspect(daemon, "counter")["State"]["Pid"]
    os.kill(daemon.pid, signal.SIGKILL)
    time.sleep(1.5)
    assert Path(f"/proc/{pid}").exists()
    process = again(daemon)
    try:
        state = inspect(daemon, "counter")["State"]
        assert (state["Running"], state["Pid"]) == (True, pid)
        wait_until(lambda: inspect(daemon, "brief")["State"]["Status"] == "exited")
        assert inspect(daemon, "brief")["State"]["ExitCode"] == 9
        numbers = [int(line) for line in daemon.docker("logs", "counter").out.split()]
        assert numbers == list(range(len(numbers))) and len(numbers) > 20
        assert daemon.docker("exec", "counter", "echo", "in").out == "in\n"
        assert daemon.docker("stop", "-t", "0", "counter").code == 0
        daemon.docker("rm", "-f", "counter", "brief")
    finally:
        process.terminate()
        process.wait(30)


def test_networks_and_ports_survive_the_daemon(daemon: Target) -> None:
    daemon.docker("network", "create", "net")
    serve = "echo hello > /tmp/index.html; httpd -f -p 80 -h /tmp"
    daemon.docker("run", "-d", "--name", "web", "--network", "net", "-p", "127.0.0.1::80", "busybox", "sh", "-c", serve)
    port = daemon.docker("port", "web", "80").out.strip().rpartition(":")[2]

    def answer() -> str:
        got = subprocess.run(["busybox", "wget", "-qO-", "-T", "2", f"http://127.0.0.1:{port}/"], capture_output=True, check=False)
        return got.stdout.decode()

    wait_until(lambda: answer() == "hello\n")
    os.kill(daemon.pid, signal.SIGKILL)
    assert answer() == "hello\n"
    process = again(daemon)
    try:
        assert answer() == "hello\n"
        asked = daemon.docker("run", "--rm", "--network", "net", "busybox", "wget", "-qO-", "-T", "3", "http://web/")
        assert asked.out == "hello\n"
        daemon.docker("rm", "-f", "web")
        daemon.docker("network", "rm", "net")
    finally:
        process.terminate()
        process.wait(30)


def test_a_killed_process_is_noticed_and_restarted(daemon: Target) -> None:
    daemon.docker("run", "-d", "--name", "phoenix", "--restart", "always", "busybox", "sleep", "1000")
    first = inspect(daemon, "phoenix")["State"]["Pid"]
    os.kill(int(str(first)), signal.SIGKILL)
    wait_until(lambda: inspect(daemon, "phoenix")["State"]["Pid"] not in (0, first))
    assert inspect(daemon, "phoenix")["RestartCount"] == 1
    daemon.docker("rm", "-f", "phoenix")


def leftovers() -> dict[str, list[str]]:
    """What hythe could leave on a host: mounts, interfaces, cgroups, tables, processes."""
    links = [name for name in os.listdir("/sys/class/net") if re.match(r"h[yv][0-9a-f]", name)]
    tables = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True).stdout
    routes = subprocess.run(["ip", "route"], capture_output=True, text=True, check=True).stdout
    groups = [str(p) for p in Path("/sys/fs/cgroup").glob("**/hythe-*")]
    processes = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if "hythe" in command and ("warden" in command or "daemon" in command):
            processes.append(command)
    return {
        "mounts": [line for line in Path("/proc/mounts").read_text().splitlines() if "hythe" in line or "overlay" in line],
        "links": links,
        "tables": [line for line in tables.splitlines() if "hythe" in line],
        "routes": [line for line in routes.splitlines() if "unreachable" in line],
        "cgroups": groups,
        "processes": processes,
    }


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    before = leftovers()
    with start_hythe(tmp_path) as daemon:
        daemon.docker("network", "create", "net")
        daemon.docker("volume", "create", "vol")
        for number in range(3):
            daemon.docker("run", "-d", "--network", "net", "-v", "vol:/data", "-p", "80", "busybox", "sleep", "100")
            daemon.docker("run", "-d", "--name", f"n{number}", "busybox", "sleep", "100")
        daemon.docker("exec", "n0", "true")
        daemon.docker("rm", "-f", *daemon.docker("ps", "-aq").out.split())
        daemon.docker("network", "rm", "net")
        assert not list((tmp_path / "data" / "containers").iterdir())
    wait_until(lambda: leftovers() == before)
    assert list((tmp_path / "run").rglob("*.sock")) == []
