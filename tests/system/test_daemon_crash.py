"""`kill -9` of the daemon, and of a container's process, and the daemon's orderly end: what lives, what is left."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.targets import Target, hythe_command, start_hythe
from tests.waiting import PATIENCE


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Target]:
    with start_hythe(tmp_path) as target:
        yield target


def inspect(target: Target, name: str) -> dict[str, Any]:
    details: list[dict[str, Any]] = json.loads(target.docker("inspect", name).out)
    return details[0]


def wait_until(
    condition: Callable[[], bool],
    seconds: float = 15,
    otherwise: Callable[[], str] = lambda: "it did not come true",
    pause: float = 0.05,
) -> None:
    deadline = time.monotonic() + seconds * PATIENCE
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(pause)
    raise AssertionError(otherwise())


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
        process.wait(30 * PATIENCE)


def test_networks_and_ports_survive_the_daemon(daemon: Target) -> None:
    daemon.docker("network", "create", "net")
    serve = "echo hello > /tmp/index.html; httpd -f -p 80 -h /tmp"
    daemon.docker(
        "run", "-d", "--name", "web", "--network", "net", "-p", "127.0.0.1::80", "busybox", "sh", "-c", serve
    )
    port = daemon.docker("port", "web", "80").out.strip().rpartition(":")[2]

    def answer() -> str:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2 * PATIENCE) as page:
                return str(page.read().decode())
        except OSError:
            return ""

    wait_until(lambda: answer() == "hello\n")
    os.kill(daemon.pid, signal.SIGKILL)
    assert answer() == "hello\n"
    process = again(daemon)
    try:
        assert answer() == "hello\n"
        asked = daemon.docker("run", "--rm", "--network", "net", "busybox", "wget", "-qO-", "http://web/")
        assert asked.out == "hello\n"
        daemon.docker("rm", "-f", "web")
        daemon.docker("network", "rm", "net")
    finally:
        process.terminate()
        process.wait(30 * PATIENCE)


def test_a_killed_process_is_noticed_and_restarted(daemon: Target) -> None:
    daemon.docker("run", "-d", "--name", "phoenix", "--restart", "always", "busybox", "sleep", "1000")
    first = inspect(daemon, "phoenix")["State"]["Pid"]
    os.kill(int(str(first)), signal.SIGKILL)
    wait_until(lambda: inspect(daemon, "phoenix")["State"]["Pid"] not in (0, first))
    assert inspect(daemon, "phoenix")["RestartCount"] == 1
    daemon.docker("rm", "-f", "phoenix")


def leftovers(instance: str, root: Path) -> list[str]:
    """What a daemon of this instance could leave on a host: mounts, interfaces, cgroups, tables, processes."""
    tables = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True).stdout
    found = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(root) in line]
    found += [p.name for p in Path("/sys/class/net").iterdir() if re.match(f"h[yv]{instance[:4]}", p.name)]
    found += [str(p) for p in Path("/sys/fs/cgroup").glob(f"**/hythe-{instance}*")]
    found += [line for line in tables.splitlines() if instance in line]
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if f"{root}/" in command:
            found.append(command)
    return found


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    with start_hythe(tmp_path) as daemon:
        instance = json.loads(daemon.docker("info", "--format", "{{json .ID}}").out)
        subnet = daemon.docker(
            "network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Subnet}}"
        ).out
        daemon.docker("network", "create", "net")
        daemon.docker("volume", "create", "vol")
        for number in range(3):
            daemon.docker(
                "run", "-d", "--network", "net", "-v", "vol:/data", "-p", "80", "busybox", "sleep", "100"
            )
            daemon.docker("run", "-d", "--name", f"n{number}", "busybox", "sleep", "100")
        daemon.docker("exec", "n0", "true")
        assert any("cgroup" in place for place in leftovers(instance, tmp_path))
        daemon.docker("rm", "-f", *daemon.docker("ps", "-aq").out.split())
        daemon.docker("network", "rm", "net")
        assert not list((tmp_path / "data" / "containers").iterdir())
        assert not list((tmp_path / "data" / "snapshots" / "containers").iterdir())
        assert not list((tmp_path / "run" / "containers").iterdir())
    wait_until(
        lambda: not leftovers(instance, tmp_path), otherwise=lambda: str(leftovers(instance, tmp_path))
    )
    assert [path for path in (tmp_path / "run").rglob("*") if path.is_socket()] == []
    routes = subprocess.run(["ip", "route"], capture_output=True, text=True, check=True).stdout
    pool = ".".join(subnet.split(".")[:2])
    assert not [line for line in routes.splitlines() if line.startswith(f"unreachable {pool}.")]


def test_another_warden_takes_over(daemon: Target) -> None:
    """Containers run on without the warden; what they write then is lost, how they end is not known."""
    daemon.docker("run", "-d", "--name", "orphan", "busybox", "sleep", "1000")
    pid = inspect(daemon, "orphan")["State"]["Pid"]
    warden = int(next(line for line in status(pid) if line.startswith("PPid")).split()[1])
    os.kill(warden, signal.SIGKILL)
    wait_until(lambda: daemon.docker("exec", "orphan", "echo", "in").out == "in\n")
    state = inspect(daemon, "orphan")["State"]
    assert (state["Running"], state["Pid"]) == (True, pid)
    filters = daemon.docker("exec", "orphan", "grep", "Seccomp:", "/proc/self/status").out
    assert filters.split() == ["Seccomp:", "2"]
    assert daemon.docker("run", "--rm", "busybox", "echo", "new").out == "new\n"
    assert daemon.docker("rm", "-f", "orphan").code == 0
    # it is dead; when it is reaped is up to the host's first process
    assert not Path(f"/proc/{pid}").exists() or any(line.startswith("State:\tZ") for line in status(pid))


def status(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/status").read_text().splitlines()
