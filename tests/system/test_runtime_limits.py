"""Limits of memory, CPU and processes: set, changed in both directions, and felt by a program inside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.groups import VERSION, counts, folder, setting
from tests.system.runtime_harness import Refused, Warden, running
from tests.waiting import wait_until

pytestmark = pytest.mark.root

MIB = 1 << 20
LIMIT = ("memory", "memory.limit_in_bytes", "memory.max")
SWAP = ("memory", "memory.memsw.limit_in_bytes", "memory.swap.max")
SPIN = ["/bin/sh", "-c", "while :; do :; done"]


@pytest.fixture(scope="module")
def warden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warden]:
    with running(tmp_path_factory.mktemp("warden")) as found:
        yield found


def limited(warden: Warden, args: list[str], **resources: Any) -> dict[str, Any]:
    """A config with these limits beside the devices."""
    config = warden.config(args)
    config["linux"]["resources"] |= resources
    return config


def started(warden: Warden, config: dict[str, Any]) -> str:
    id = warden.create(config)
    warden.call("start", id=id)
    return id


def update(warden: Warden, id: str, **resources: Any) -> list[str]:
    found: list[str] = warden.call("update", id=id, resources=resources)["warnings"]
    return found


def test_a_hog_is_killed_alone(warden: Warden) -> None:
    """The shell that started it lives on, and so does the container beside it."""
    neighbour = started(warden, limited(warden, ["/bin/sleep", "60"], memory={"limit": 16 * MIB}))
    script = "busybox tail /dev/zero; echo ended with $?"
    memory = {"limit": 24 * MIB, "swap": 24 * MIB}
    id = started(warden, limited(warden, ["/bin/sh", "-c", script], memory=memory))
    exit = warden.event("exit", id, exec=None)
    assert (exit["exit_code"], exit["oom"]) == (0, True)
    assert b"ended with 137" in (warden.folder / "bundles" / id / "log").read_bytes()
    states = {one["id"]: one["status"] for one in warden.call("list")["containers"]}
    assert states[neighbour] == "running"
    for one in (id, neighbour):
        warden.call("delete", id=one, force=True)


def test_memory_grows_and_shrinks_with_swap(warden: Warden) -> None:
    """On version 1 each bounds the other, so that the order of writing depends on the direction."""
    config = limited(warden, ["/bin/sleep", "60"], memory={"limit": 32 * MIB, "swap": 64 * MIB})
    id = started(warden, config)
    for limit, both in ((32, 64), (128, 256), (16, 32), (100, 100), (20, 40)):
        update(warden, id, memory={"limit": limit * MIB, "swap": both * MIB})
        assert setting(config, *LIMIT) == str(limit * MIB)
        assert setting(config, *SWAP) == str((both if VERSION == 1 else both - limit) * MIB)
    update(warden, id, memory={"limit": -1})
    without = (1 << 63) - 4096
    assert setting(config, *LIMIT) == setting(config, *SWAP) == (str(without) if VERSION == 1 else "max")
    warden.call("delete", id=id, force=True)


def test_a_limit_below_the_use_is_refused_when_that_is_asked_for(warden: Warden) -> None:
    config = limited(warden, ["/bin/sh", "-c", "dd if=/dev/zero of=/dev/shm/x bs=1M count=20; sleep 60"])
    id = started(warden, config)
    use = ("memory", "memory.usage_in_bytes", "memory.current")
    wait_until(lambda: int(setting(config, *use)) > 20 * MIB)
    before = setting(config, *LIMIT)
    with pytest.raises(Refused, match="in use"):
        update(warden, id, memory={"limit": 10 * MIB, "checkBeforeUpdate": True})
    assert setting(config, *LIMIT) == before
    warden.call("delete", id=id, force=True)


def test_the_rest_of_memory(warden: Warden) -> None:
    memory = {"limit": 64 * MIB, "reservation": 32 * MIB, "swappiness": 5, "disableOOMKiller": True}
    config = limited(warden, ["/bin/sleep", "60"], memory=memory | {"kernel": 8 * MIB, "useHierarchy": True})
    id = started(warden, config)
    told = " ".join(warden.created["warnings"])
    assert setting(config, "memory", "memory.soft_limit_in_bytes", "memory.low") == str(32 * MIB)
    assert "memory.kernel" in told
    if VERSION == 1:
        assert (folder(config, "memory") / "memory.swappiness").read_text() == "5\n"
        assert "oom_kill_disable 1" in (folder(config, "memory") / "memory.oom_control").read_text()
    else:
        assert "swappiness" in told and "disableOOMKiller" in told
    warden.call("delete", id=id, force=True)


def test_a_quota_throttles(warden: Warden) -> None:
    """Told by the kernel's count of periods in which the group had to wait, not by a clock."""
    config = limited(warden, SPIN, cpu={"quota": 5000, "period": 20000})
    id = started(warden, config)
    wait_until(lambda: counts(config, "cpu", "cpu.stat")["nr_throttled"] >= 5)
    update(warden, id, cpu={"quota": -1})
    assert setting(config, "cpu", "cpu.cfs_quota_us", "cpu.max").split()[0] in ("-1", "max")
    before = counts(config, "cpu", "cpu.stat")["nr_throttled"]
    spent = ("cpuacct", "cpuacct.usage", "cpu.stat")
    used = int(setting(config, *spent).split()[-1 if VERSION == 1 else 1])
    enough = 200_000 * (1000 if VERSION == 1 else 1)
    wait_until(lambda: int(setting(config, *spent).split()[-1 if VERSION == 1 else 1]) - used > enough)
    assert counts(config, "cpu", "cpu.stat")["nr_throttled"] <= before + 1
    warden.call("delete", id=id, force=True)


def test_a_burst_is_saved_up_and_used(warden: Warden) -> None:
    """A loop that rests between runs longer than its quota: the kernel counts the bursts."""
    script = "while :; do i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 0.3; done"
    cpu = {"quota": 10000, "period": 100000, "burst": 10000}
    config = limited(warden, ["/bin/sh", "-c", script], cpu=cpu)
    id = started(warden, config)
    assert setting(config, "cpu", "cpu.cfs_burst_us", "cpu.max.burst") == "10000"
    wait_until(lambda: counts(config, "cpu", "cpu.stat")["nr_bursts"] >= 1)
    for quota, burst in ((50000, 50000), (5000, 2000), (20000, 20000)):
        update(warden, id, cpu={"quota": quota, "burst": burst})
        assert setting(config, "cpu", "cpu.cfs_burst_us", "cpu.max.burst") == str(burst)
    warden.call("delete", id=id, force=True)


def test_quota_and_period_move_together(warden: Warden) -> None:
    config = limited(warden, ["/bin/sleep", "60"], cpu={"quota": 50000, "period": 100000})
    id = started(warden, config)
    for quota, period in ((5000, 5000), (500000, 1000000), (1000, 1000)):
        update(warden, id, cpu={"quota": quota, "period": period})
        shown = setting(config, "cpu", "cpu.cfs_quota_us", "cpu.max").split()
        assert shown[0] == str(quota)
        assert (shown[1:] or [setting(config, "cpu", "cpu.cfs_period_us", "")]) == [str(period)]
    warden.call("delete", id=id, force=True)


def test_shares_and_idle(warden: Warden) -> None:
    config = limited(warden, ["/bin/sleep", "60"], cpu={"shares": 1024})
    id = started(warden, config)
    assert setting(config, "cpu", "cpu.shares", "cpu.weight") == ("1024" if VERSION == 1 else "100")
    update(warden, id, cpu={"idle": 1, "shares": 2048})
    assert setting(config, "cpu", "cpu.idle", "cpu.idle") == "1"
    update(warden, id, cpu={"idle": 0, "shares": 2048})
    assert setting(config, "cpu", "cpu.idle", "cpu.idle") == "0"
    assert setting(config, "cpu", "cpu.shares", "cpu.weight") == ("2048" if VERSION == 1 else "174")
    warden.call("delete", id=id, force=True)


def test_a_set_of_cpus_is_seen_inside(warden: Warden) -> None:
    code, output = warden.run(limited(warden, ["/bin/nproc"], cpu={"cpus": "0", "mems": "0"}))
    assert (code, output) == (0, b"1\n")


def test_a_set_of_cpus_for_what_runs(warden: Warden) -> None:
    """On version 1 it is not in that tree yet; all of its processes go there, and an exec follows."""
    config = limited(warden, ["/bin/sh", "-c", "sleep 60 & sleep 60 & wait"])
    id = started(warden, config)
    wait_until(lambda: setting(config, "pids", "pids.current", "pids.current") == "3")
    update(warden, id, cpu={"cpus": "0"})
    pids = (folder(config, "cpuset") / "cgroup.procs").read_text().split()
    assert len(pids) == 3
    for pid in pids:
        assert "Cpus_allowed_list:\t0\n" in Path(f"/proc/{pid}/status").read_text()
    assert warden.exec(id, ["/bin/nproc"]) == (0, b"1\n")
    warden.call("delete", id=id, force=True)
    assert not folder(config, "cpuset").exists()


def test_processes_are_counted(warden: Warden) -> None:
    config = limited(warden, ["/bin/sleep", "60"], pids={"limit": 5})
    id = started(warden, config)
    fork = ["/bin/sh", "-c", "i=0; while [ $i -lt 10 ]; do sleep 1 & i=$((i+1)); done; wait"]
    code, output = warden.exec(id, fork)
    assert code == 2 and b"can't fork" in output
    assert setting(config, "pids", "pids.events", "pids.events") != "max 0"
    update(warden, id, pids={"limit": -1})
    assert setting(config, "pids", "pids.max", "pids.max") == "max"
    assert warden.exec(id, fork)[0] == 0
    warden.call("delete", id=id, force=True)


def test_parents_of_the_group_are_made(warden: Warden) -> None:
    config = limited(warden, ["/bin/sleep", "60"], memory={"limit": 32 * MIB}, cpu={"cpus": "0"})
    leaf = config["linux"]["cgroupsPath"]
    config["linux"]["cgroupsPath"] = f"{leaf}/one/two"
    id = started(warden, config)
    assert setting(config, *LIMIT) == str(32 * MIB)
    warden.call("delete", id=id, force=True)
    parent = folder(config, "memory").parent
    assert not (parent / "two").exists() and parent.exists()
    for controller in ("memory", "pids", "cpu", "cpuacct", "devices", "freezer", "cpuset"):
        for path in (folder(config, controller).parent, folder(config, controller).parent.parent):
            if path.exists():
                path.rmdir()


@pytest.mark.parametrize(
    ("resources", "kind", "words"),
    [
        ({"cpu": {"shares": 1}}, "invalid", "minimum allowed cpu-shares is 2"),
        ({"cpu": {"cpus": "4000"}}, "invalid", "cpu.cpus"),
        ({"memory": {"limit": 10, "swap": 5}}, "invalid", "below that for memory"),
        ({"network": {"classID": 5}}, "unsupported", "network.classID"),
        ({"colours": 3}, "unsupported", "resources.colours"),
    ],
)
def test_what_cannot_be_is_named(warden: Warden, resources: dict[str, Any], kind: str, words: str) -> None:
    with pytest.raises(Refused, match=words) as refused:
        warden.create(limited(warden, ["/bin/true"], **resources))
    assert refused.value.kind == kind
