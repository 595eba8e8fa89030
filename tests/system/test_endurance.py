"""Many containers in a row: descriptors, memory, interfaces, control groups and files stay where they were."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.system.test_daemon_crash import wait_until
from tests.targets import Target, start_hythe

pytestmark = pytest.mark.root


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Target]:
    with start_hythe(tmp_path) as target:
        yield target


def warden_of(target: Target) -> int:
    """The daemon's child that is the warden."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if f"{target.root}/run/warden.sock".encode() in command:
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == target.pid:
                return int(folder.name)
    raise AssertionError("there is no warden")


class Footprint:
    """What the daemon and its warden hold of the machine."""

    def __init__(self, target: Target, warden: int) -> None:
        instance = json.loads(target.docker("info", "--format", "{{json .ID}}").out)
        self.descriptors = {
            name: len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208
            for name, pid in (("daemon", target.pid), ("warden", warden))
        }
        self.memory = {name: _private(pid) for name, pid in (("daemon", target.pid), ("warden", warden))}
        self.interfaces = sum(
            bool(re.match(f"h[yv]{instance[:4]}", one.name)) for one in Path("/sys/class/net").iterdir()
        )
        self.groups = sum(1 for _ in Path("/sys/fs/cgroup").glob(f"**/hythe-{instance}/*/"))
        self.files = sum(len(files) + len(folders) for _, folders, files in os.walk(target.root / "run"))
        self.kept = sum(1 for _ in (target.root / "data" / "snapshots" / "containers").iterdir())

    def counts(self) -> tuple[int, ...]:
        return (*self.descriptors.values(), self.interfaces, self.groups, self.files, self.kept)

    def holds_more_than(self, other: Footprint) -> bool:
        return any(mine > theirs for mine, theirs in zip(self.counts(), other.counts(), strict=True))


def _private(pid: int) -> int:
    """Kilobytes that no other process shares (proc_pid_smaps_rollup(5))."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(number) for number in re.findall(r"^Private_\w+: +(\d+) kB", text, re.MULTILINE))


def short_lives(target: Target, count: int) -> None:
    """`count` containers that run `true`, four at a time, over the API."""

    def some(number: int) -> None:
        client = target.client()
        try:
            for _ in range(number):
                id = client.api.create_container("busybox", ["true"])["Id"]
                client.api.start(id)
                assert client.api.wait(id)["StatusCode"] == 0
                client.api.remove_container(id)
        finally:
            client.close()

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(some, count // 4) for _ in range(4)]:
            done.result()


def at_rest(target: Target, warden: int) -> Footprint:
    """When nothing has changed for a second: connections are closed, and the warden has its spare (or never will)."""
    same, last = 0, Footprint(target, warden)

    def unchanged() -> bool:
        nonlocal same, last
        now = Footprint(target, warden)
        same = same + 1 if now.counts() == last.counts() else 0
        last = now
        return same >= 5

    wait_until(unchanged, pause=0.2)
    return last


def grown(target: Target, count: int) -> tuple[Footprint, Footprint]:
    """Before and after, each at rest; what is allocated once is there before."""
    warden = warden_of(target)
    short_lives(target, 40)
    before = at_rest(target, warden)
    short_lives(target, count)
    after = at_rest(target, warden)
    assert not after.holds_more_than(before), f"{before.counts()} became {after.counts()}"
    return before, after


@pytest.mark.slow
def test_a_thousand_lives_leak_nothing(daemon: Target) -> None:
    before, after = grown(daemon, 1000)
    for name in ("daemon", "warden"):
        assert after.memory[name] - before.memory[name] < 8_000, (name, before.memory, after.memory)


@pytest.mark.slow
def test_ten_thousand_lives_leak_nothing(daemon: Target) -> None:
    before, after = grown(daemon, 10_000)
    for name in ("daemon", "warden"):
        assert after.memory[name] - before.memory[name] < 16_000, (name, before.memory, after.memory)


def test_execs_leak_nothing(daemon: Target) -> None:
    assert daemon.docker("run", "-d", "--name", "host", "busybox", "sleep", "1000").code == 0
    warden = warden_of(daemon)
    client = daemon.client()

    def execs(count: int) -> None:
        for _ in range(count):
            made = client.api.exec_create("host", ["echo", "in"])
            assert client.api.exec_start(made["Id"]) == b"in\n"

    try:
        execs(20)
        before = at_rest(daemon, warden)
        execs(300)
        after = at_rest(daemon, warden)
        assert not after.holds_more_than(before), f"{before.counts()} became {after.counts()}"
    finally:
        client.close()
