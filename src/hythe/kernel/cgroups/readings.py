"""A control group's limits, each beside what is used of it and with the files that say so, in either version.

For people who look, where `interface.Statistics` is for programs that count: the rows keep the kernel's own
files, so that everyone can read on there. What a kernel or a group does not have gives no row, and a limit that
is not set is None. Which groups a process is in comes from `procfs`, where the trees are from mountinfo.
Sources: Documentation/admin-guide/cgroup-v1/, cgroup-v2.rst of the kernel.
"""

# ruff: noqa: PTH110
from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from hythe.kernel.cgroups import files
from hythe.kernel.mountinfo import MountEntry, below
from hythe.kernel.procfs import GroupMembership

Unit = Literal["bytes", "nanoseconds", "cpus", "processes", "weight", "list", "count"]
_NO_LIMIT: Final = 1 << 60


@dataclass(frozen=True)
class Reading:
    """`unit` is of `limit`; `use` has `use_unit`. A file is "" where there is no such side. `note` is in words."""

    name: str
    unit: Unit
    limit: int | float | str | None
    limit_file: str
    use: int | str | None = None
    use_file: str = ""
    use_unit: Unit | None = None
    note: str = ""


def folders(memberships: Iterable[GroupMembership], mounts: Iterable[MountEntry]) -> dict[str, str]:
    """{controller: folder of the group}, "" for the tree of version 2; trees that are mounted nowhere are left out."""
    trees: dict[str, MountEntry] = {}
    for mount in mounts:
        if mount.type == "cgroup2":
            trees.setdefault("", mount)
        elif mount.type == "cgroup":
            for word in mount.filesystem_options:
                trees.setdefault(word, mount)
    found: dict[str, str] = {}
    for member in memberships:
        for controller in member.controllers or ("",):
            tree = trees.get(controller)
            if tree is not None:
                rest = below(member.path, tree.root)
                found[controller] = tree.point + (member.path if rest is None else rest).rstrip("/")
    return found


def version(groups: Mapping[str, str]) -> int:
    """1 where any controller has a tree of its own, as `layout.detect` has it."""
    return 1 if any(groups) else 2


def read(groups: Mapping[str, str], version: int) -> list[Reading]:
    """All rows of the group that is at `groups`, as far as its trees are among them."""
    if version == 2:
        return _version_2(groups[""]) if "" in groups else []
    return _version_1(groups)


def _number(path: str) -> int | None:
    """None for "max", -1, v1's "more than there is", and a file that is not there."""
    text = files.read(path).strip()
    value = int(text) if text.lstrip("-").isdigit() else -1
    return value if 0 <= value < _NO_LIMIT else None


def _row(name: str, unit: Unit, limit_file: str, use_file: str = "") -> list[Reading]:
    """A number beside a number, both in files of their own."""
    if not os.path.exists(limit_file):
        return []
    use = _number(use_file) if use_file else None
    return [Reading(name, unit, _number(limit_file), limit_file, use, use_file if use is not None else "")]


def _list(name: str, limit_file: str, use_file: str) -> list[Reading]:
    """What is set, and what holds (of the parents' where nothing is set)."""
    if not os.path.exists(limit_file):
        return []
    use = files.read(use_file).strip()
    return [Reading(name, "list", files.read(limit_file).strip() or None, limit_file, use, use_file)]


def _cpu(quota: int | None, period: int | None, limit_file: str, used: int, use_file: str) -> Reading:
    limit = quota / period if quota and period else None
    note = f"{quota} of every {period} us" if limit is not None else ""
    return Reading("cpu", "cpus", limit, limit_file, used, use_file, "nanoseconds", note)


def _throttled(stat_file: str, key: str, unit: int) -> Reading:
    stat = files.table(stat_file)
    note = f"{stat.get('nr_throttled', 0)} of {stat.get('nr_periods', 0)} periods"
    return Reading(
        "cpu throttled", "count", None, "", stat.get(key, 0) * unit, stat_file, "nanoseconds", note
    )


def _version_1(groups: Mapping[str, str]) -> list[Reading]:
    memory, cpu, cpuset = (groups.get(name, "/nonexistent") for name in ("memory", "cpu", "cpuset"))
    rows = [
        *_row(
            "memory", "bytes", f"{memory}/memory.limit_in_bytes", f"{memory}/memory.usage_in_bytes"
        ),
        *_row(
            "memory and swap", "bytes",
            f"{memory}/memory.memsw.limit_in_bytes", f"{memory}/memory.memsw.usage_in_bytes",
        ),
        *_row("memory reservation", "bytes", f"{memory}/memory.soft_limit_in_bytes"),
    ]  # fmt: skip
    if os.path.exists(f"{memory}/memory.max_usage_in_bytes"):
        path = f"{memory}/memory.max_usage_in_bytes"
        rows.append(Reading("memory peak", "bytes", None, "", _number(path), path))
    if "memory" in groups:
        rows.append(_oom_kills(f"{memory}/memory.oom_control"))
    if os.path.exists(f"{cpu}/cpu.cfs_quota_us"):
        used_file = f"{groups.get('cpuacct', cpu)}/cpuacct.usage"
        quota, period = _number(f"{cpu}/cpu.cfs_quota_us"), _number(f"{cpu}/cpu.cfs_period_us")
        rows += [
            _cpu(quota, period, f"{cpu}/cpu.cfs_quota_us", files.number(used_file), used_file),
            _throttled(f"{cpu}/cpu.stat", "throttled_time", 1),
        ]
    rows += [
        *_row("cpu shares", "weight", f"{cpu}/cpu.shares"),
        *_list("cpus", f"{cpuset}/cpuset.cpus", f"{cpuset}/cpuset.effective_cpus"),
        *_list("memory nodes", f"{cpuset}/cpuset.mems", f"{cpuset}/cpuset.effective_mems"),
    ]
    pids, blkio = groups.get("pids", "/nonexistent"), groups.get("blkio", "/nonexistent")
    rows += _row("processes", "processes", f"{pids}/pids.max", f"{pids}/pids.current")
    for name in ("blkio.weight", "blkio.bfq.weight"):
        rows += _row("block I/O weight", "weight", f"{blkio}/{name}")
    for direction in ("read", "write"):
        for kind in ("bps", "iops"):
            rows += _throttle_1(blkio, direction, kind)
    return rows


def _throttle_1(blkio: str, direction: str, kind: str) -> list[Reading]:
    """blkio.throttle.read_bps_device: "8:0 1048576" a line; the use beside it is counted since the start."""
    path = f"{blkio}/blkio.throttle.{direction}_{kind}_device"
    use_file = f"{blkio}/blkio.throttle.{'io_service_bytes' if kind == 'bps' else 'io_serviced'}"
    if not os.path.exists(path):
        return []
    lines = (line.split() for line in files.read(use_file).splitlines())
    used = sum(int(words[2]) for words in lines if len(words) == 3 and words[1] == direction.title())
    limit = "; ".join(files.read(path).splitlines()) or None
    unit: Unit = "bytes" if kind == "bps" else "count"
    return [Reading(f"block {direction} {kind}", "list", limit, path, used, use_file, unit)]


def _version_2(group: str) -> list[Reading]:
    rows = [
        *_row("memory", "bytes", f"{group}/memory.max", f"{group}/memory.current"),
        *_row("swap", "bytes", f"{group}/memory.swap.max", f"{group}/memory.swap.current"),
        *_row("memory reservation", "bytes", f"{group}/memory.low"),
        *_row("memory throttled from", "bytes", f"{group}/memory.high"),
    ]
    if os.path.exists(f"{group}/memory.peak"):
        path = f"{group}/memory.peak"
        rows.append(Reading("memory peak", "bytes", None, "", _number(path), path))
    if os.path.exists(f"{group}/memory.events"):
        rows.append(_oom_kills(f"{group}/memory.events"))
    if os.path.exists(f"{group}/cpu.max"):
        quota, _, period = files.read(f"{group}/cpu.max").strip().partition(" ")
        stat = f"{group}/cpu.stat"
        used = files.table(stat).get("usage_usec", 0) * 1000
        limit = int(quota) if quota.isdigit() else None
        rows += [
            _cpu(limit, int(period or 0), f"{group}/cpu.max", used, stat),
            _throttled(stat, "throttled_usec", 1000),
        ]
    rows += [
        *_row("cpu weight", "weight", f"{group}/cpu.weight"),
        *_list("cpus", f"{group}/cpuset.cpus", f"{group}/cpuset.cpus.effective"),
        *_list("memory nodes", f"{group}/cpuset.mems", f"{group}/cpuset.mems.effective"),
        *_row("processes", "processes", f"{group}/pids.max", f"{group}/pids.current"),
        *_list("block I/O weight", f"{group}/io.weight", "/nonexistent"),
        *_block_2(group),
    ]
    return rows


def _block_2(group: str) -> list[Reading]:
    """io.max has a line "8:0 rbps=1048576 wbps=max ..." for each device with a limit, io.stat what was done."""
    limit_file, use_file = f"{group}/io.max", f"{group}/io.stat"
    if not os.path.exists(use_file):
        return []
    limit = "; ".join(files.read(limit_file).splitlines()) or None
    used = "; ".join(files.read(use_file).splitlines())
    return [Reading("block I/O", "list", limit, limit_file, used, use_file)]


def _oom_kills(path: str) -> Reading:
    return Reading("killed for memory", "count", None, "", files.table(path).get("oom_kill", 0), path)
