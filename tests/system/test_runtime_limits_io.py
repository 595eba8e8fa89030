"""Limits of block devices, huge pages, networks, real-time scheduling, and by file name (unified)."""

from __future__ import annotations

import ctypes
import mmap
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hythe.kernel.cgroups import detect
from hythe.kernel.cgroups.layout import parse_mountinfo
from tests.system.groups import TOP, VERSION, folder, setting
from tests.system.runtime_harness import DEVICE_RULES, Refused, Warden, running

pytestmark = pytest.mark.root

MIB = 1 << 20
HUGE = Path("/proc/sys/vm/nr_hugepages")
_MAP_HUGETLB = 0x40000


@pytest.fixture(scope="module")
def warden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warden]:
    with running(tmp_path_factory.mktemp("warden")) as found:
        yield found


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    """The numbers of a block device of our own: a loop device."""
    image = tmp_path_factory.mktemp("disk") / "image"
    image.write_bytes(bytes(8 * MIB))
    command = ["losetup", "--find", "--show", str(image)]
    path = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    try:
        number = os.stat(path).st_rdev
        yield {"major": os.major(number), "minor": os.minor(number)}
    finally:
        subprocess.run(["losetup", "--detach", path], check=True)


def config_with(warden: Warden, args: list[str], **resources: Any) -> dict[str, Any]:
    config = warden.config(args)
    config["linux"]["resources"] |= resources
    return config


def sleeping(warden: Warden, **resources: Any) -> tuple[str, dict[str, Any]]:
    config = config_with(warden, ["/bin/sleep", "60"], **resources)
    id = warden.create(config)
    warden.call("start", id=id)
    return id, config


def test_rates_are_set_changed_and_counted(warden: Warden, disk: dict[str, int]) -> None:
    """What the program inside read is in the figures of its own group, to the byte."""
    rule = {"allow": True, "type": "b", **disk, "access": "rwm"}
    block = {
        "throttleReadBpsDevice": [{**disk, "rate": 64 * MIB}],
        "throttleWriteIOPSDevice": [{**disk, "rate": 500}],
    }
    id, config = sleeping(warden, blockIO=block, devices=[*DEVICE_RULES, rule])
    where = f"{disk['major']}:{disk['minor']}"
    shown = setting(config, "blkio" if VERSION == 1 else "io", "blkio.throttle.read_bps_device", "io.max")
    assert shown in (f"{where} {64 * MIB}", f"{where} rbps={64 * MIB} wbps=max riops=max wiops=500")
    script = (
        f"busybox mknod /tmp/disk b {disk['major']} {disk['minor']} && dd if=/tmp/disk of=/dev/null bs=64k"
    )
    code, output = warden.exec(id, ["/bin/sh", "-c", script])
    assert code == 0, output
    [counted] = [
        one
        for one in detect().group(config["linux"]["cgroupsPath"]).statistics()["io"]
        if (one["major"], one["minor"]) == (disk["major"], disk["minor"])
    ]
    assert counted["read_bytes"] == 8 * MIB and counted["reads"] > 0
    lifted = {
        "throttleReadBpsDevice": [{**disk, "rate": 0}],
        "throttleWriteIOPSDevice": [{**disk, "rate": 0}],
    }
    warden.call("update", id=id, resources={"blockIO": lifted})
    shown = setting(config, "blkio" if VERSION == 1 else "io", "blkio.throttle.read_bps_device", "io.max")
    assert shown == ""
    warden.call("delete", id=id, force=True)


def test_a_weight_has_a_file_or_is_refused(warden: Warden) -> None:
    try:
        id, config = sleeping(warden, blockIO={"weight": 500})
    except Refused as refused:
        assert refused.kind == "unsupported" and "blockIO.weight" in str(refused)
        return
    found = {
        name: (folder(config, "blkio" if VERSION == 1 else "io") / name).read_text().split()[-1]
        for name in ("blkio.weight", "blkio.bfq.weight", "io.bfq.weight", "io.weight")
        if (folder(config, "blkio" if VERSION == 1 else "io") / name).exists()
    }
    assert next(iter(found.values())) == ("4950" if list(found) == ["io.weight"] else "500")
    warden.call("delete", id=id, force=True)


def test_huge_pages(warden: Warden) -> None:
    """A process of the group gets the page that is allowed and not a second one."""
    limits = [{"pageSize": "2MB", "limit": 2 * MIB}]
    mounted, _ = parse_mountinfo(Path("/proc/self/mountinfo").read_text())
    if VERSION == 1 and "hugetlb" not in mounted:
        with pytest.raises(Refused, match=r"hugepageLimits\.2MB .* hugetlb controller") as refused:
            warden.create(config_with(warden, ["/bin/true"], hugepageLimits=limits))
        assert refused.value.kind == "unsupported"
        return
    before = HUGE.read_text()
    id, config = sleeping(warden, hugepageLimits=limits)
    try:
        HUGE.write_text("4")
        assert setting(config, "hugetlb", "hugetlb.2MB.limit_in_bytes", "hugetlb.2MB.max") == str(2 * MIB)
        assert _huge_pages_in(folder(config, "hugetlb")) == [True, False]
        figures = detect().group(config["linux"]["cgroupsPath"]).statistics()["hugetlb"]
        assert figures["2MB"]["limit"] == 2 * MIB
    finally:
        HUGE.write_text(before)
        warden.call("delete", id=id, force=True)


def _huge_pages_in(group: Path) -> list[bool]:
    """Whether a process in `group` can map one huge page, and then one more."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            (group / "cgroup.procs").write_text("0")
            libc = ctypes.CDLL(None, use_errno=True)
            libc.mmap.restype = ctypes.c_void_p
            flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_HUGETLB
            kept = [libc.mmap(None, 2 * MIB, mmap.PROT_READ | mmap.PROT_WRITE, flags, -1, 0) for _ in "12"]
            os.write(write, bytes(page != ctypes.c_void_p(-1).value for page in kept))
        finally:
            os._exit(0)
    os.close(write)
    try:
        answer = os.read(read, 2)
    finally:
        os.close(read)
        os.waitpid(child, 0)
    return [bool(byte) for byte in answer]


def test_files_by_name(warden: Warden) -> None:
    """unified is written as it stands on version 2, and refused by name on version 1."""
    unified = {"memory.high": str(64 * MIB), "pids.max": "17"}
    if VERSION == 1:
        with pytest.raises(Refused, match=r"unified\.memory\.high needs control groups version 2"):
            warden.create(config_with(warden, ["/bin/true"], unified=unified))
        return
    id, config = sleeping(warden, unified=unified, pids={"limit": 5})
    assert (folder(config, "memory") / "memory.high").read_text() == f"{64 * MIB}\n"
    assert (folder(config, "pids") / "pids.max").read_text() == "17\n"
    warden.call("delete", id=id, force=True)
    for name in ("memory.no_such", "nosuch.max"):
        with pytest.raises(Refused, match=f"unified.{name} cannot be set"):
            warden.create(config_with(warden, ["/bin/true"], unified={name: "1"}))


def test_real_time_scheduling(warden: Warden) -> None:
    """Version 1 has budgets that a group gets from its parent's; version 2 has none."""
    cpu = {"realtimePeriod": 1000000, "realtimeRuntime": 5000}
    if VERSION == 2:
        with pytest.raises(Refused, match=r"cpu\.realtimeRuntime needs control groups version 1"):
            warden.create(config_with(warden, ["/bin/true"], cpu=cpu))
        return
    with pytest.raises(Refused, match=r"cpu\.realtimeRuntime: the kernel does not take '5000'"):
        warden.create(config_with(warden, ["/bin/true"], cpu=cpu))
    parent = TOP / "cpu" / warden.instance
    (parent / "cpu.rt_runtime_us").write_text("20000")  # it is removed with the warden's other groups
    id, config = sleeping(warden, cpu=cpu)
    assert setting(config, "cpu", "cpu.rt_runtime_us", "") == "5000"
    warden.call("delete", id=id, force=True)


@pytest.mark.parametrize(
    ("resources", "words"),
    [
        ({"network": {"classID": 5}}, r"network\.classID"),
        ({"network": {"priorities": [{"name": "lo", "priority": 5}]}}, r"network\.priorities"),
        ({"blockIO": {"leafWeight": 20}}, r"blockIO\.leafWeight"),
        (
            {"blockIO": {"throttleReadBpsDevice": [{"major": 4095, "minor": 4095, "rate": 1}]}},
            "No such device",
        ),
    ],
)
def test_what_the_machine_lacks_is_named(warden: Warden, resources: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused, match=words):
        warden.create(config_with(warden, ["/bin/true"], **resources))
