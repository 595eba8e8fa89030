"""`linux.resources`: what is refused, and what would be written where, for both versions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.errors import InvalidArgument, Unsupported
from hythe.kernel.cgroups import v1, v1_limits, v2, v2_limits
from hythe.kernel.cgroups.check import check
from hythe.kernel.cgroups.conversion import cpu_weight, io_weight
from hythe.kernel.cgroups.settings import Setting, setting, write_all

EVERYTHING: dict[str, Any] = {
    "memory": {"limit": 100, "swap": 150, "reservation": 50},
    "cpu": {"shares": 1024, "quota": 50000, "period": 100000, "burst": 10000, "cpus": "0-1", "mems": "0"},
    "pids": {"limit": -1},
    "blockIO": {
        "weight": 500,
        "weightDevice": [{"major": 8, "minor": 0, "weight": 10}],
        "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 1000}],
        "throttleWriteIOPSDevice": [{"major": 8, "minor": 16, "rate": 0}],
    },
    "hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}],
    "rdma": {"mlx4_0": {"hcaHandles": 2, "hcaObjects": 2000}},
}
ONLY_1: dict[str, Any] = {
    "cpu": {"realtimePeriod": 1000000, "realtimeRuntime": 950000},
    "network": {"classID": 1048577, "priorities": [{"name": "eth0", "priority": 5}]},
    "blockIO": {"leafWeight": 20},
}


def written(chosen: list[Setting]) -> dict[str, str]:
    """The first choice of each."""
    return dict(one.choices[0] for one in chosen)


def test_version_1_files() -> None:
    check(EVERYTHING)
    assert written(v1_limits.settings(EVERYTHING)) == {
        "memory.limit_in_bytes": "100",
        "memory.memsw.limit_in_bytes": "150",
        "memory.soft_limit_in_bytes": "50",
        "cpu.shares": "1024",
        "cpu.cfs_quota_us": "50000",
        "cpu.cfs_period_us": "100000",
        "cpu.cfs_burst_us": "10000",
        "cpuset.cpus": "0-1",
        "cpuset.mems": "0",
        "pids.max": "max",
        "blkio.weight": "500",
        "blkio.weight_device": "8:0 10",
        "blkio.throttle.read_bps_device": "8:0 1000",
        "blkio.throttle.write_iops_device": "8:16 0",
        "hugetlb.2MB.limit_in_bytes": "4194304",
        "hugetlb.2MB.rsvd.limit_in_bytes": "4194304",
        "rdma.max": "mlx4_0 hca_handle=2 hca_object=2000",
    }
    assert written(v1_limits.settings(ONLY_1)) == {
        "cpu.rt_period_us": "1000000",
        "cpu.rt_runtime_us": "950000",
        "net_cls.classid": "1048577",
        "net_prio.ifpriomap": "eth0 5",
        "blkio.leaf_weight": "20",
    }


def test_version_2_files() -> None:
    resources = EVERYTHING | {"unified": {"memory.high": "90", "misc.max": "a 1\nb 2"}}
    check(resources)
    lines = v2_limits.settings(resources)
    assert [one.choices[0][1] for one in lines if one.choices[0][0] == "io.max"] == [
        "8:0 rbps=1000",
        "8:16 wiops=max",
    ]
    assert [one.choices for one in lines if one.field.startswith("blockIO.weight")] == [
        (("io.bfq.weight", "500"), ("io.weight", "4950")),
        (("io.bfq.weight", "8:0 10"), ("io.weight", "8:0 1")),
    ]
    found = written([one for one in lines if one.controller != "io"])
    assert found == {
        "memory.max": "100",
        "memory.swap.max": "50",
        "memory.low": "50",
        "cpu.weight": "100",
        "cpu.max": "50000 100000",
        "cpu.max.burst": "10000",
        "cpuset.cpus": "0-1",
        "cpuset.mems": "0",
        "pids.max": "max",
        "hugetlb.2MB.max": "4194304",
        "hugetlb.2MB.rsvd.max": "4194304",
        "rdma.max": "mlx4_0 hca_handle=2 hca_object=2000",
        "memory.high": "90",
        "misc.max": "b 2",
    }
    assert {"hugetlb", "rdma", "misc", "io"} <= set(v2_limits.controllers(resources))


@pytest.mark.parametrize(
    ("resources", "name"),
    [
        ({"cpu": {"realtimeRuntime": 1}}, "cpu.realtimeRuntime"),
        ({"network": {"classID": 1}}, "network.classID"),
        ({"network": {"priorities": [{"name": "eth0", "priority": 1}]}}, "network.priorities"),
        ({"blockIO": {"leafWeight": 20}}, "blockIO.leafWeight"),
        (
            {"blockIO": {"weightDevice": [{"major": 8, "minor": 0, "leafWeight": 20}]}},
            "blockIO.weightDevice.leafWeight",
        ),
    ],
)
def test_what_only_version_1_has(resources: dict[str, Any], name: str) -> None:
    check(resources)
    v1_limits.settings(resources)
    with pytest.raises(Unsupported, match=name):
        v2_limits.settings(resources)


def test_what_only_version_2_has() -> None:
    with pytest.raises(Unsupported, match=r"unified\.memory\.high"):
        v1.LayoutV1({"memory": "/m"}).group("/a", {"unified": {"memory.high": "1"}})


def test_a_controller_that_is_not_mounted_is_named() -> None:
    layout = v1.LayoutV1({"memory": "/m", "cpu": "/c"})
    with pytest.raises(Unsupported, match=r"hugepageLimits\.2MB .* hugetlb controller"):
        layout.group("/a", {"hugepageLimits": [{"pageSize": "2MB", "limit": 0}]})
    assert layout.usual({"memory": {"limit": 1}})
    assert not v1.LayoutV1({"cpuset": "/b"}).usual({"cpu": {"mems": "0"}})


@pytest.mark.parametrize(
    "resources",
    [
        {"memory": {"limit": 10, "swap": 5}},
        {"memory": {"limit": "10"}},
        {"memory": {"swappiness": 101}},
        {"cpu": {"shares": 1}},
        {"cpu": {"shares": 262145}},
        {"cpu": {"quota": 10, "burst": 11}},
        {"cpu": {"idle": 2}},
        {"blockIO": {"weight": 9}},
        {"blockIO": {"weightDevice": [{"major": 8, "minor": 0}]}},
        {"blockIO": {"throttleReadBpsDevice": [{"major": 8, "rate": 1}]}},
        {"hugepageLimits": [{"pageSize": "../x", "limit": 1}]},
        {"hugepageLimits": [{"pageSize": "2MB"}]},
        {"network": {"priorities": [{"name": "eth0 1\neth1", "priority": 1}]}},
        {"rdma": {"a b": {"hcaHandles": 1}}},
        {"unified": {"../x.y": "1"}},
        {"unified": {"devices": "1"}},
    ],
)
def test_nonsense_is_refused(resources: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        check(resources)


@pytest.mark.parametrize("resources", [{"vtpms": [1]}, {"memory": {"x": 1}}, {"cpu": {"x": 1}}])
def test_unknown_names_are_refused(resources: dict[str, Any]) -> None:
    with pytest.raises(Unsupported, match=r"linux\.resources\."):
        check(resources)


@pytest.mark.parametrize(
    ("memory", "expected"),
    [
        ({"limit": -1}, {"memory.swap.max": "max", "memory.max": "max"}),
        ({"limit": 100, "swap": 100}, {"memory.swap.max": "0", "memory.max": "100"}),
        ({"limit": 100, "swap": -1}, {"memory.swap.max": "max", "memory.max": "100"}),
        ({"limit": 100}, {"memory.max": "100"}),
        ({"limit": 0, "swap": 0}, {}),
    ],
)
def test_swap_alone(memory: dict[str, int], expected: dict[str, str]) -> None:
    assert written(v2_limits.settings({"memory": memory})) == expected


def test_swap_without_memory() -> None:
    with pytest.raises(InvalidArgument, match="needs a limit for memory"):
        v2_limits.settings({"memory": {"swap": 10}})


def test_what_version_2_leaves_out_is_told() -> None:
    memory = {"swappiness": 0, "disableOOMKiller": True, "kernel": 5}
    assert len(v2_limits.warnings({"memory": memory})) == 3
    assert v2_limits.settings({"memory": memory}) == []
    assert len(v1_limits.warnings({"memory": memory})) == 1


@given(st.integers(0, 300000))
def test_weight_is_in_range(shares: int) -> None:
    assert 1 <= cpu_weight(shares) <= 10000


def test_ends_and_default_of_weights() -> None:
    assert [cpu_weight(n) for n in (2, 512, 1024, 262144)] == [1, 59, 100, 10000]
    assert [io_weight(n) for n in (10, 500, 1000)] == [1, 4950, 10000]


def test_nothing_is_written_when_one_file_is_missing(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    chosen = [setting("c", "x.a", "a", 1), setting("c", "x.b", "b", 2)]
    with pytest.raises(Unsupported, match=r"linux\.resources\.x\.b .* no b"):
        write_all(chosen, lambda _: str(tmp_path))
    assert (tmp_path / "a").read_text() == "old"
    with pytest.raises(Unsupported, match="the c controller"):
        write_all(chosen, lambda _: None)


def test_the_first_file_that_exists_is_written(tmp_path: Path) -> None:
    (tmp_path / "second").touch()
    write_all(
        [
            Setting("c", "x", (("first", "1"), ("second", "2"))),
            setting("c", "y", "third", 3, optional=True),
        ],
        lambda _: str(tmp_path),
    )
    assert (tmp_path / "second").read_text() == "2"


def test_a_new_quota_keeps_the_period(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpu")
    group = tmp_path / "g"
    group.mkdir()
    for name, text in {"cgroup.controllers": "cpu\n", "cpu.max": "max 50000\n"}.items():
        (group / name).write_text(text)
    v2.LayoutV2(str(tmp_path)).group("/g").limit({"cpu": {"quota": 10000}})
    assert (group / "cpu.max").read_text().startswith("10000 50000")


def test_memory_in_use_is_checked_when_asked_for(tmp_path: Path) -> None:
    group = tmp_path / "g"
    group.mkdir()
    for name, text in {"cgroup.controllers": "memory", "memory.current": "5000", "memory.max": "max"}.items():
        (group / name).write_text(text)
    with pytest.raises(InvalidArgument, match="5000 bytes"):
        v2.LayoutV2(str(tmp_path)).group("/g").limit({"memory": {"limit": 4000, "checkBeforeUpdate": True}})
    assert (group / "memory.max").read_text() == "max"
