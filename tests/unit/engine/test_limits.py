"""Limits as dockerd checks them, and linux.resources made of them."""

from __future__ import annotations

from typing import Any

import pytest

from hythe.engine.bundle.devices import device_rules
from hythe.engine.bundle.resources import resources
from hythe.engine.containers.limits import checked, merged
from hythe.engine.model import DeviceAccess, DeviceRate, DeviceWeight, HostOptions
from hythe.errors import Conflict, InvalidArgument
from hythe.kernel.cgroups import Support

EVERYTHING = Support(*[True] * len(Support._fields))
NOTHING = Support(*[False] * len(Support._fields))
MIB = 1 << 20


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"memory": 1024}, "Minimum memory limit allowed is 6MB"),
        ({"memory": 20 * MIB, "memory_swap": 10 * MIB}, "larger than memory limit"),
        ({"memory_swap": 10 * MIB}, "always set the Memory limit"),
        ({"memory_reservation": 1}, "Minimum memory reservation allowed is 6MB"),
        ({"memory": 10 * MIB, "memory_reservation": 20 * MIB}, "less than memory reservation"),
        ({"memory_swappiness": 101}, "0-100"),
        ({"nano_cpus": 1}, "Range of CPUs is from 0.01"),
        ({"nano_cpus": 10**12}, "CPUs available"),
        ({"nano_cpus": 10**9, "cpu_quota": 5000}, "Nano CPUs and CPU Quota"),
        ({"nano_cpus": 10**9, "cpu_period": 5000}, "Nano CPUs and CPU Period"),
        ({"cpu_period": 10}, "less than 1ms"),
        ({"cpu_quota": 10}, "less than 1ms"),
        ({"cpu_shares": 1}, "minimum allowed cpu-shares is 2"),
        ({"cpu_realtime_period": 1, "cpu_realtime_runtime": 2}, "cannot be higher"),
        ({"cpuset_cpus": "4000"}, "Requested CPUs are not available - requested 4000"),
        ({"cpuset_cpus": "x"}, "Invalid value x for cpuset cpus"),
        ({"cpuset_cpus": "0-99999999999"}, "Invalid value"),
        ({"cpuset_mems": "4000"}, "Requested memory nodes"),
        ({"blkio_weight": 5}, "10 to 1000"),
        ({"blkio_weight_device": [DeviceWeight("/dev/x", 5)]}, "invalid weight for device"),
    ],
)
def test_nonsense_is_refused(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        checked(HostOptions(**asked), EVERYTHING)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (
            {"memory": 20 * MIB},
            "memory limit capabilities or the cgroup is not mounted. Limitation discarded.",
        ),
        ({"memory_reservation": 20 * MIB}, "memory soft limit"),
        ({"memory_swappiness": 0}, "memory swappiness"),
        ({"pids_limit": 5}, "PIDs limit"),
        ({"cpu_shares": 5}, "CPU shares"),
        ({"cpu_quota": 5000}, "CPU CFS scheduler"),
        ({"cpuset_cpus": "0"}, "cpuset"),
        ({"blkio_weight": 500}, "Block I/O weight or"),
        ({"blkio_weight_device": [DeviceWeight("/dev/x", 50)]}, "weight_device"),
        ({"blkio_device_read_bps": [DeviceRate("/dev/x", 5)]}, "BPS Block I/O read limit"),
        ({"blkio_device_write_iops": [DeviceRate("/dev/x", 5)]}, "IOPS Block I/O write limit"),
    ],
)
def test_what_the_machine_lacks_is_dropped_with_a_warning(asked: dict[str, Any], words: str) -> None:
    left, warnings = checked(HostOptions(**asked), NOTHING)
    assert left == HostOptions()
    assert len(warnings) == 1 and words in warnings[0]
    assert checked(HostOptions(**asked), EVERYTHING) == (HostOptions(**asked), [])


def test_what_cannot_be_dropped() -> None:
    for asked in (HostOptions(nano_cpus=10**9), HostOptions(cpu_realtime_period=1000)):
        with pytest.raises(InvalidArgument, match=r"(your|Your) kernel"):
            checked(asked, NOTHING)


def test_memory_without_a_limit_for_swap() -> None:
    left, warnings = checked(HostOptions(memory=20 * MIB), EVERYTHING._replace(swap=False))
    assert left.memory_swap == -1
    assert "Memory limited without swap." in warnings[0]


def test_the_oom_killer() -> None:
    left, warnings = checked(HostOptions(oom_kill_disable=True), NOTHING)
    assert not left.oom_kill_disable and "OomKillDisable discarded" in warnings[0]
    left, warnings = checked(HostOptions(oom_kill_disable=True), EVERYTHING)
    assert left.oom_kill_disable and "no memory limit is set" in warnings[0]


@pytest.mark.parametrize(
    ("before", "changes", "words"),
    [
        ({"nano_cpus": 10**9}, {"cpu_quota": 5000}, "NanoCPUs has already been set"),
        ({"cpu_period": 5000}, {"nano_cpus": 10**9}, "CPU Period has already been set"),
        ({"memory": 20 * MIB}, {"memory": 50 * MIB}, "update the memoryswap at the same time"),
    ],
)
def test_updates_that_contradict(before: dict[str, Any], changes: dict[str, Any], words: str) -> None:
    with pytest.raises(Conflict, match=words):
        merged(HostOptions(**before), changes)


def test_an_update_of_memory_keeps_the_swap_limit() -> None:
    """It was twice the memory at creation, as dockerd has it, and does not follow."""
    new = merged(HostOptions(memory=20 * MIB), {"memory": 10 * MIB})
    assert (new.memory, new.memory_swap) == (10 * MIB, 40 * MIB)


def test_resources() -> None:
    assert resources(HostOptions()) == {}
    assert resources(HostOptions(memory=100)) == {"memory": {"limit": 100, "swap": 200}}
    host = HostOptions(
        memory=100,
        memory_swap=-1,
        memory_swappiness=0,
        oom_kill_disable=True,
        nano_cpus=1_500_000_000,
        cpu_realtime_period=1000,
        cpu_realtime_runtime=500,
        pids_limit=-1,
        blkio_weight=20,
    )
    assert resources(host) == {
        "memory": {"limit": 100, "swap": -1, "swappiness": 0, "disableOOMKiller": True},
        "cpu": {"period": 100000, "quota": 150000, "realtimePeriod": 1000, "realtimeRuntime": 500},
        "pids": {"limit": -1},
        "blockIO": {"weight": 20},
    }
    assert resources(HostOptions(cpu_period=50000)) == {"cpu": {"period": 50000}}


@pytest.mark.parametrize("path", ["/dev/no-such", "/dev/null"])
def test_a_path_that_is_no_block_device(path: str) -> None:
    with pytest.raises(InvalidArgument, match=path):
        resources(HostOptions(blkio_device_read_bps=[DeviceRate(path, 5)]))


def test_device_rules() -> None:
    rules = device_rules(HostOptions(device_cgroup_rules=[DeviceAccess("c", 13, -1, "rw")]))
    assert rules[-1] == {"allow": True, "type": "c", "major": 13, "minor": -1, "access": "rw"}
