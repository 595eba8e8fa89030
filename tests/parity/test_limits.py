"""Limits of memory, CPU, processes and rlimits: set in the cgroup, reported, changed, and held."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parity.serving import idle
from tests.targets import Target
from tests.waiting import wait_until

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("tidy")]

V2 = Path("/sys/fs/cgroup/cgroup.controllers").exists()
SPIN = ["busybox", "sh", "-c", "while :; do :; done"]


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A block device of our own: a loop device."""
    image = tmp_path_factory.mktemp("disk") / "image"
    with image.open("wb") as file:
        file.truncate(8 << 20)
    command = ["losetup", "--find", "--show", str(image)]
    device = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    try:
        yield device
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)


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


def test_the_rest_of_memory(target: Target) -> None:
    options = ["-m", "64m", "--memory-swap", "128m", "--memory-swappiness", "10", "--oom-kill-disable"]
    made = target.docker("create", "--name", "swaps", *options, "busybox", "sleep", "600")
    assert made.code == 0, made.err
    host = target.inspect("swaps")["HostConfig"]
    assert (host["Memory"], host["MemorySwap"]) == (64 << 20, 128 << 20)
    target.docker("start", "swaps")
    swap = int(setting(target, "swaps", "memory", "memory.memsw.limit_in_bytes", "memory.swap.max"))
    if V2:
        assert swap == 64 << 20
        assert "memory swappiness" in made.err and "OomKillDisable discarded" in made.err
    else:
        assert swap == 128 << 20
        assert (host["MemorySwappiness"], host["OomKillDisable"]) == (10, True)
        assert setting(target, "swaps", "memory", "memory.swappiness", "") == "10"
        assert "oom_kill_disable 1" in setting(target, "swaps", "memory", "memory.oom_control", "")


def test_memory_that_is_raised_above_its_swap(target: Target) -> None:
    idle(target, "small", "-m", "32m")
    assert target.inspect("small")["HostConfig"]["MemorySwap"] == 64 << 20
    refused = target.docker("update", "-m", "128m", "small")
    assert refused.code == 1 and "update the memoryswap at the same time" in refused.err
    assert target.docker("update", "-m", "48m", "small").code == 0
    host = target.inspect("small")["HostConfig"]
    assert (host["Memory"], host["MemorySwap"]) == (48 << 20, 64 << 20)
    for limit, both in (("100m", "200m"), ("20m", "30m"), ("25m", "-1")):
        updated = target.docker("update", "-m", limit, "--memory-swap", both, "small")
        assert updated.code == 0, updated.err
    assert target.inspect("small")["HostConfig"]["MemorySwap"] == -1
    assert setting(target, "small", "memory", "memory.limit_in_bytes", "memory.max") == str(25 << 20)


def test_a_period_alone_and_a_new_quota(target: Target) -> None:
    idle(target, "paced", "--cpu-period", "50000")
    period = ("cpu", "cpu.cfs_period_us", "cpu.max")
    assert setting(target, "paced", *period).split()[-1] == "50000"
    assert target.docker("update", "--cpu-quota", "20000", "paced").code == 0
    assert setting(target, "paced", *period).split()[-1] == "50000"
    assert setting(target, "paced", "cpu", "cpu.cfs_quota_us", "cpu.max").split()[0] == "20000"
    refused = target.docker("update", "--cpus", "1", "paced")
    assert refused.code == 1 and "Nano CPUs cannot be updated as CPU" in refused.err
    assert target.docker("update", "--cpu-quota", "-1", "paced").code == 0
    assert setting(target, "paced", "cpu", "cpu.cfs_quota_us", "cpu.max").split()[0] in ("-1", "max")


def test_cpus_of_what_runs_are_changed(target: Target) -> None:
    idle(target, "roams")
    assert target.docker("update", "--cpuset-cpus", "0", "roams").code == 0
    assert target.docker("exec", "roams", "nproc").out == "1\n"
    assert target.inspect("roams")["HostConfig"]["CpusetCpus"] == "0"


def test_rates_of_a_block_device(target: Target, disk: str) -> None:
    options = [f"--device-read-bps={disk}:1mb", f"--device-write-bps={disk}:2mb"]
    options += [f"--device-read-iops={disk}:100", f"--device-write-iops={disk}:200"]
    idle(target, "slow", *options)
    host = target.inspect("slow")["HostConfig"]
    assert host["BlkioDeviceReadBps"] == [{"Path": disk, "Rate": 1 << 20}]
    assert host["BlkioDeviceWriteIOps"] == [{"Path": disk, "Rate": 200}]
    status = os.stat(disk)
    where = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
    if V2:
        text = setting(target, "slow", "io", "", "io.max")
        assert text == f"{where} rbps=1048576 wbps=2097152 riops=100 wiops=200"
    else:
        for name, rate in (("read_bps", 1 << 20), ("write_bps", 2 << 20), ("read_iops", 100)):
            assert setting(target, "slow", "blkio", f"blkio.throttle.{name}_device", "") == f"{where} {rate}"


def test_stats_count_what_is_read(target: Target, disk: str) -> None:
    """The whole device, not through the cache: 8 MiB of a container's own group."""
    idle(target, "reads", f"--device={disk}")
    Path("/proc/sys/vm/drop_caches").write_text("1")
    assert target.docker("exec", "reads", "dd", f"if={disk}", "of=/dev/null", "bs=64k").code == 0
    shown = target.docker("stats", "--no-stream", "--format", "{{.BlockIO}}", "reads").out.split()
    assert shown[0].endswith("MB") and float(shown[0].removesuffix("MB")) >= 8


def test_hythes_own_commands(target: Target, disk: str) -> None:
    """The flags of `hythe run` and `hythe update`, on either engine."""
    options = ["-m", "64m", "--memory-reservation", "32m", "--pids-limit", "20", "--cpu-period", "50000"]
    options += ["--device-cgroup-rule", "c 1:11 r", "--cgroupns", "host", "--ulimit", "nofile=100:200"]
    for way in ("read", "write"):
        options += [f"--device-{way}-bps", f"{disk}:1mb", f"--device-{way}-iops", f"{disk}:10"]
    made = target.hythe("run", "-d", "--name", "ours", *options, "busybox", "sleep", "600")
    assert made.code == 0, made.err
    updated = target.hythe("update", "--pids-limit", "-1", "--cpu-quota", "20000", "-m", "48m", "ours")
    assert updated.code == 0, updated.err
    host = target.inspect("ours")["HostConfig"]
    rate = {"Path": disk, "Rate": 10}
    assert host["BlkioDeviceReadIOps"] == host["BlkioDeviceWriteIOps"] == [rate]
    assert host["BlkioDeviceReadBps"] == host["BlkioDeviceWriteBps"] == [rate | {"Rate": 1 << 20}]
    assert (host["Memory"], host["CpuQuota"], host["CgroupnsMode"]) == (48 << 20, 20000, "host")
    assert setting(target, "ours", "pids", "pids.max", "pids.max") == "max"
    ignored = target.hythe("run", "--rm", "--kernel-memory", "8m", "busybox", "true")
    assert ignored.code == 0, ignored.err  # as docker does: kernels have no such limit any more


def test_a_weight_of_block_devices(target: Target) -> None:
    """Set where the kernel has a file for it, or dropped with a warning."""
    made = target.docker("create", "--name", "weighs", "--blkio-weight", "300", "busybox", "sleep", "600")
    assert made.code == 0, made.err
    weight = target.inspect("weighs")["HostConfig"]["BlkioWeight"]
    assert weight == (0 if "Block I/O weight" in made.err else 300)


def test_a_device_rule_opens_a_device(target: Target, disk: str) -> None:
    """The rule alone decides: the host's root can make the node either way."""
    major, minor = os.major(os.stat(disk).st_rdev), os.minor(os.stat(disk).st_rdev)
    script = f"mknod /tmp/disk b {major} {minor} && head -c 3 /tmp/disk | wc -c"
    shut = target.docker("run", "--rm", "--userns", "host", "busybox", "sh", "-c", script)
    assert shut.out == "0\n" and "Operation not permitted" in shut.err
    rule = f"b {major}:* r"
    done = target.docker("run", "--rm", "--device-cgroup-rule", rule, "busybox", "sh", "-c", script)
    assert (done.out, done.err) == ("3\n", "")
    idle(target, "ruled", "--device-cgroup-rule", rule)
    assert target.inspect("ruled")["HostConfig"]["DeviceCgroupRules"] == [rule]


def test_the_cgroup_namespace_of_the_host(target: Target) -> None:
    idle(target, "open", "--cgroupns", "host")
    idle(target, "shut", "--cgroupns", "private")
    assert target.inspect("open")["HostConfig"]["CgroupnsMode"] == "host"
    assert target.inspect("shut")["HostConfig"]["CgroupnsMode"] == "private"
    id = target.inspect("open")["Id"]
    assert id in target.docker("exec", "open", "cat", "/proc/self/cgroup").out
    assert target.inspect("shut")["Id"] not in target.docker("exec", "shut", "cat", "/proc/self/cgroup").out


def test_a_cgroup_parent(target: Target) -> None:
    name = f"/parity-{os.getpid()}"
    try:
        idle(target, "child", "--cgroup-parent", name, "-m", "32m")
        assert cgroup_folder(target, "child", "memory").parent.name == name.strip("/")
        assert target.inspect("child")["HostConfig"]["CgroupParent"] == name
        target.docker("rm", "-f", "child")
    finally:
        target.docker("run", "--rm", "busybox", "true")  # what hythe keeps ready moves to where this was made
        for folder in [*Path("/sys/fs/cgroup").glob(f"*{name}"), Path(f"/sys/fs/cgroup{name}")]:
            if folder.exists():
                folder.rmdir()


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (["-m", "1m"], "6MB"),
        (["--memory-swap", "20m"], "always set the Memory limit"),
        (["--memory-reservation", "1m"], "Minimum memory reservation allowed is 6MB"),
        (["-m", "10m", "--memory-reservation", "20m"], "less than memory reservation limit"),
        (["--cpu-period", "10"], "CPU cfs period can not be less than 1ms"),
        (["--cpu-quota", "10"], "CPU cfs quota can not be less than 1ms"),
        (["--cpus", "1", "--cpu-period", "5000"], "Nano CPUs and CPU Period"),
        (["--cpuset-mems", "400"], "Requested memory nodes are not available - requested 400"),
        (["--cpuset-cpus", "x"], "for cpuset cpus"),
        (["--cpu-shares", "1"], "minimum allowed cpu-shares is 2"),
        (["--cpu-rt-runtime", "2", "--cpu-rt-period", "1"], "real-time"),
        (["--cgroupns", "x"], "cgroup"),
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
