"""Limits beside their use, from trees of files as kernels have them."""

from __future__ import annotations

from pathlib import Path

from hythe.kernel.cgroups import readings
from hythe.kernel.cgroups.readings import Reading
from hythe.kernel.mountinfo import parse_mountinfo
from hythe.kernel.procfs import parse_memberships


def tree(top: Path, **texts: str) -> str:
    """Files of a group, their names with "__" for each dot."""
    top.mkdir(parents=True)
    for name, text in texts.items():
        (top / name.replace("__", ".")).write_text(text + "\n")
    return str(top)


def by_name(rows: list[Reading]) -> dict[str, Reading]:
    found = {row.name: row for row in rows}
    assert len(found) == len(rows)
    return found


def test_where_groups_are() -> None:
    mounts = parse_mountinfo(
        "33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
        "35 31 0:32 /docker/x /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
        "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
    )
    members = parse_memberships("2:cpu,cpuacct:/h/id\n3:memory:/docker/x/h/id\n4:pids:/h/id\n0::/\n")
    groups = readings.folders(members, mounts)
    assert groups == {
        "cpu": "/sys/fs/cgroup/cpu,cpuacct/h/id",
        "cpuacct": "/sys/fs/cgroup/cpu,cpuacct/h/id",
        "memory": "/sys/fs/cgroup/memory/h/id",
        "": "/sys/fs/cgroup/unified",
    }
    assert readings.version(groups) == 1
    assert readings.version({"": "/x"}) == 2


def test_version_1(tmp_path: Path) -> None:
    groups = {
        "memory": tree(
            tmp_path / "memory",
            memory__limit_in_bytes="67108864", memory__usage_in_bytes="4096", memory__max_usage_in_bytes="8192",
            memory__soft_limit_in_bytes="9223372036854771712", memory__oom_control="oom_kill_disable 0\noom_kill 3",
        ),
        "cpu": tree(
            tmp_path / "cpu",
            cpu__cfs_quota_us="50000", cpu__cfs_period_us="100000", cpu__shares="512",
            cpu__stat="nr_periods 9\nnr_throttled 2\nthrottled_time 5000000",
        ),
        "cpuacct": tree(tmp_path / "cpuacct", cpuacct__usage="1500000000"),
        "pids": tree(tmp_path / "pids", pids__max="max", pids__current="7"),
        "blkio": tree(
            tmp_path / "blkio",
            blkio__throttle__read_bps_device="8:0 1048576",
            blkio__throttle__io_service_bytes="8:0 Read 10\n8:0 Write 5\n8:16 Read 4\nTotal 19",
        ),
    }  # fmt: skip
    rows = by_name(readings.read(groups, 1))
    assert (rows["memory"].limit, rows["memory"].use) == (64 << 20, 4096)
    assert rows["memory"].limit_file == f"{groups['memory']}/memory.limit_in_bytes"
    assert rows["memory reservation"].limit is None
    assert rows["memory peak"].use == 8192
    assert rows["killed for memory"].use == 3
    assert (rows["cpu"].limit, rows["cpu"].use) == (0.5, 1_500_000_000)
    assert (rows["cpu throttled"].use, rows["cpu throttled"].note) == (5_000_000, "2 of 9 periods")
    assert rows["cpu shares"].limit == 512
    assert (rows["processes"].limit, rows["processes"].use) == (None, 7)
    assert (rows["block read bps"].limit, rows["block read bps"].use) == ("8:0 1048576", 14)
    assert not {"cpus", "memory and swap", "block write bps"} & rows.keys()


def test_version_2(tmp_path: Path) -> None:
    group = tree(
        tmp_path / "group",
        memory__max="67108864", memory__current="4096", memory__swap__max="max", memory__swap__current="0",
        memory__events="low 0\noom_kill 1", cpu__max="max 100000", cpu__weight="100",
        cpu__stat="usage_usec 20\nnr_throttled 0\nnr_periods 0\nthrottled_usec 3",
        cpuset__cpus="", cpuset__cpus__effective="0-1", pids__max="50", pids__current="2",
        io__max="8:0 rbps=1048576 wbps=max riops=max wiops=max", io__stat="8:0 rbytes=1 wbytes=2 rios=3 wios=4",
    )  # fmt: skip
    rows = by_name(readings.read({"": group}, 2))
    assert (rows["memory"].limit, rows["memory"].use) == (64 << 20, 4096)
    assert (rows["swap"].limit, rows["swap"].use) == (None, 0)
    assert rows["killed for memory"].use == 1
    assert (rows["cpu"].limit, rows["cpu"].use) == (None, 20_000)
    assert rows["cpu throttled"].use == 3_000
    assert (rows["cpus"].limit, rows["cpus"].use) == (None, "0-1")
    assert (rows["processes"].limit, rows["processes"].use) == (50, 2)
    assert rows["block I/O"].limit == "8:0 rbps=1048576 wbps=max riops=max wiops=max"
    assert readings.read({}, 2) == []


def test_a_group_that_goes_while_it_is_read(tmp_path: Path) -> None:
    assert readings.read({"memory": str(tmp_path / "gone"), "cpu": str(tmp_path / "gone")}, 1) == [
        Reading("killed for memory", "count", None, "", 0, f"{tmp_path}/gone/memory.oom_control")
    ]
