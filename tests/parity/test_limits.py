"""Limits of memory, CPU, processes and rlimits: set in the cgroup, reported, changed, and held."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.parity.serving import idle
from tests.targets import Target
from tests.waiting import wait_until

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("tidy")]

SPIN = ["busybox", "sh", "-c", "while :; do :; done"]


def cgroup_folder(target: Target, name: str, controller: str) -> Path:
    """The container's cgroup of one controller, on cgroup v1 or v2."""
    pid = target.inspect(name)["State"]["Pid"]
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            return Path("/sys/fs/cgroup") / controllers / path.lstrip("/")
        unified = Path("/sys/fs/cgroup") / path.lstrip("/")
        if not controllers and (unified / "cgroup.controllers").exists():
            return unified
    raise AssertionError(f"no cgroup of {controller} for {name}")


def setting(target: Target, name: str, controller: str, v1: str, v2: str) -> str:
    folder = cgroup_folder(target, name, controller)
    file = folder / v2 if (folder / "cgroup.controllers").exists() else folder / v1
    return file.read_text().strip()


def test_memory_is_set_reported_and_changed(target: Target) -> None:
    idle(target, "small", "-m", "32m", "--memory-reservation", "16m")
    limit = ("memory", "memory.limit_in_bytes", "memory.max")
    assert setting(target, "small", *limit) == str(32 << 20)
    host = target.inspect("small")["HostConfig"]
    assert (host["Memory"], host["MemoryReservation"]) == (32 << 20, 16 << 20)
    assert "32MiB" in target.docker("stats", "--no-stream", "--format", "{{.MemUsage}}", "small").out
    updated = target.docker("update", "-m", "64m", "--memory-swap", "64m", "small")
    assert updated.code == 0, updated.err
    assert setting(target, "small", *limit) == str(64 << 20)


def test_a_hog_inside_exec_is_killed_and_the_container_stays(target: Target) -> None:
    idle(target, "small", "-m", "24m", "--shm-size", "100m")
    done = target.docker("exec", "small", "dd", "if=/dev/zero", "of=/dev/shm/x", "bs=1M", "count=60")
    assert done.code == 137
    assert target.inspect("small")["State"]["Running"]


def test_a_share_of_the_cpu_is_held(target: Target) -> None:
    """Told by the kernel's count of throttled periods and of CPU time, not by the clock of the test."""
    target.docker("run", "-d", "--name", "spinner", "--cpus", "0.2", *SPIN)
    assert target.inspect("spinner")["HostConfig"]["NanoCpus"] == 200_000_000

    def counts() -> dict[str, int]:
        lines = (cgroup_folder(target, "spinner", "cpu") / "cpu.stat").read_text().splitlines()
        return {key: int(value) for key, value in (line.split() for line in lines)}

    wait_until(lambda: counts()["nr_throttled"] >= 10)
    before = counts()
    used_before = cpu_microseconds(target)
    wait_until(lambda: counts()["nr_periods"] - before["nr_periods"] >= 10)
    after = counts()
    used = cpu_microseconds(target) - used_before
    periods = after["nr_periods"] - before["nr_periods"]
    assert used <= (periods + 2) * 100_000 * 0.2 * 1.5


def cpu_microseconds(target: Target) -> int:
    """User and system time of the container's first process so far."""
    pid = target.inspect("spinner")["State"]["Pid"]
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 10_000


def test_shares_and_sets_of_cpus(target: Target) -> None:
    idle(
        target,
        "pinned",
        "--cpu-shares",
        "512",
        "--cpuset-cpus",
        "0",
        "--cpu-period",
        "50000",
        "--cpu-quota",
        "25000",
    )
    assert setting(target, "pinned", "cpuset", "cpuset.cpus", "cpuset.cpus") == "0"
    assert target.docker("exec", "pinned", "nproc").out == "1\n"
    quota = setting(target, "pinned", "cpu", "cpu.cfs_quota_us", "cpu.max").split()[0]
    assert quota == "25000"
    assert setting(target, "pinned", "cpu", "cpu.shares", "cpu.weight") in ("512", "20", "59")


def test_processes_are_counted(target: Target) -> None:
    idle(target, "few", "--pids-limit", "10")
    assert setting(target, "few", "pids", "pids.max", "pids.max") == "10"
    fork = "i=0; while [ $i -lt 20 ]; do sleep 5 & i=$((i+1)); done"
    assert "can't fork" in target.docker("exec", "few", "sh", "-c", fork).err
    assert target.docker("update", "--pids-limit", "50", "few").code == 0
    assert setting(target, "few", "pids", "pids.max", "pids.max") == "50"


def test_rlimits(target: Target) -> None:
    options = ["--ulimit", "nofile=123:456", "--ulimit", "core=0", "--ulimit", "nproc=77"]
    idle(target, "limited", *options)
    show = "ulimit -Sn; ulimit -Hn; ulimit -c; grep 'Max processes' /proc/self/limits | awk '{print $3}'"
    assert target.docker("exec", "limited", "sh", "-c", show).out == "123\n456\n0\n77\n"
    assert target.docker("run", "--rm", *options, "busybox", "sh", "-c", show).out == "123\n456\n0\n77\n"


def test_stats_count_what_runs(target: Target) -> None:
    target.docker("run", "-d", "--name", "spinner", "--cpus", "0.5", *SPIN)
    line = target.docker(
        "stats", "--no-stream", "--format", "{{.Name}} {{.CPUPerc}} {{.PIDs}}", "spinner"
    ).out.split()
    assert line[0] == "spinner" and 10 < float(line[1].rstrip("%")) < 100 and line[2] == "1"


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (["-m", "1m"], "6MB"),
        (["-m", "20m", "--memory-swap", "10m"], "larger than memory"),
        (["--cpus", "10000"], "CPUs"),
        (["--cpus", "0.001", "--cpu-quota", "1000"], "CPU"),
        (["--cpuset-cpus", "4000"], "4000"),
        (["--oom-score-adj", "2000"], "[-1000, 1000]"),
    ],
)
def test_nonsense_is_refused(target: Target, option: list[str], words: str) -> None:
    done = target.docker("run", "--rm", *option, "busybox", "true")
    assert done.code == 125
    assert words in done.err
    assert target.docker("ps", "-aq").out == ""
