"""What a container uses and may use: stats, top, sizes, changed files, and new limits while it runs."""

from __future__ import annotations

import asyncio
import os
import posixpath
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import msgspec

from hythe.engine import logfiles
from hythe.engine.bundle.resources import resources
from hythe.engine.containers.handle import Handle
from hythe.engine.containers.limits import checked, merged
from hythe.engine.containers.parts import Parts
from hythe.engine.containers.validation import validate
from hythe.engine.processtable import columns, table
from hythe.engine.rootfs import layer_paths
from hythe.errors import NotFound
from hythe.kernel.cgroups import Layout, Support, detect
from hythe.kernel.procfs import in_pid_namespace_of
from hythe.store.changes import ADDED, MODIFIED, Change

_COUNTERS = (
    "rx_bytes",
    "rx_packets",
    "rx_errors",
    "rx_dropped",
    "tx_bytes",
    "tx_packets",
    "tx_errors",
    "tx_dropped",
)
_MADE = (
    "/.dockerenv", "/dev", "/etc", "/etc/hosts", "/etc/hostname", "/etc/mtab", "/etc/resolv.conf", "/proc", "/sys",
)  # fmt: skip
"""What a start makes in a root that lacks it; dockerd makes these in a layer of their own."""
_TICK = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Sample:
    """One reading. Times in nanoseconds, sizes in bytes; `time` 0 is a container that does not run."""

    time: int = 0
    cpu_total: int = 0
    cpu_user: int = 0
    cpu_kernel: int = 0
    cpu_per_cpu: Sequence[int] = ()
    system_cpu: int = 0
    online_cpus: int = 0
    periods: int = 0
    throttled_periods: int = 0
    throttled_time: int = 0
    memory_usage: int = 0
    memory_limit: int = 0
    memory_max: int = 0
    memory_stats: Mapping[str, int] = field(default_factory=dict)
    pids: int = 0
    pids_limit: int = 0
    block_io: Sequence[tuple[int, int, str, int]] = ()
    networks: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def _system_cpu() -> int:
    """Nanoseconds that all processors together have spent, idle or not (proc(5), /proc/stat)."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    return sum(map(int, fields)) * _TICK


def _machine_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _interfaces(pid: int) -> dict[str, dict[str, int]]:
    """Counters of the interfaces that `pid` sees, but for loopback (proc(5), /proc/net/dev)."""
    found = {}
    for line in Path(f"/proc/{pid}/net/dev").read_text().splitlines()[2:]:
        name, _, rest = line.partition(":")
        numbers = list(map(int, rest.split()))
        if name.strip() != "lo":
            found[name.strip()] = dict(zip(_COUNTERS, numbers[:4] + numbers[8:12], strict=True))
    return found


class Usage:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @cached_property
    def _cgroups(self) -> Layout:
        return detect()

    @cached_property
    def limits(self) -> Support:
        """What limits there can be on this machine."""
        return self._cgroups.support()

    async def stats(self, ref: str) -> Sample:
        handle = self._parts.registry.find(ref)
        if not handle.running:
            return Sample()
        return await asyncio.to_thread(self._sample, handle)

    def _sample(self, handle: Handle) -> Sample:
        read = self._cgroups.group(self._parts.cgroup(handle.record)).statistics()
        cpu, memory = read["cpu"], read["memory"]
        io = [
            (entry["major"], entry["minor"], word, entry[key])  # type: ignore[literal-required]
            for entry in read["io"]
            for word, key in (("read", "read_bytes"), ("write", "write_bytes"))
        ]
        return Sample(
            time=time.time_ns(),
            cpu_total=cpu["usage"],
            cpu_user=cpu["user"],
            cpu_kernel=cpu["system"],
            cpu_per_cpu=[user + system for user, system in cpu["by_processor"]],
            system_cpu=_system_cpu(),
            online_cpus=len(os.sched_getaffinity(0)),
            periods=cpu["periods"],
            throttled_periods=cpu["throttled_periods"],
            throttled_time=cpu["throttled"],
            memory_usage=memory["usage"],
            memory_limit=memory["limit"] or _machine_memory(),
            memory_max=memory["max_usage"],
            memory_stats=memory["stat"],
            pids=read["pids"]["current"],
            pids_limit=read["pids"]["limit"],
            block_io=io,
            networks=_interfaces(handle.record.state.pid),
        )

    async def top(self, ref: str, ps_args: str) -> tuple[list[str], list[list[str]]]:
        """(titles, rows) as ps(1) shows them with these options, with the host's pids."""
        columns(ps_args)
        handle = self._parts.registry.find(ref)
        handle.check_runs()
        pids = self._cgroups.group(self._parts.cgroup(handle.record)).processes()
        # there may be no control groups
        return table(pids or in_pid_namespace_of(handle.record.state.pid), ps_args)

    async def update(self, ref: str, changes: Mapping[str, object]) -> list[str]:
        """New limits and restart policy, by the names of HostOptions; at once if it runs. Warnings."""
        handle = self._parts.registry.find(ref)
        async with handle.lock:
            handle.check_exists()
            host, warnings = checked(merged(handle.record.spec.host, changes), self.limits, update=True)
            spec = msgspec.structs.replace(handle.record.spec, host=host)
            validate(spec)
            if handle.running:
                warnings = [*warnings, *await self._parts.runtime.update(handle.id, resources(host))]
            handle.record.spec = spec
            self._parts.registry.save(handle)
        self._parts.publish(handle.record, "update")
        return warnings

    async def changes(self, ref: str) -> list[tuple[str, int]]:
        """(path, kind): 0 changed, 1 added, 2 deleted; without the places that every start needs and makes."""
        snapshot = self._parts.registry.find(ref).record.snapshot
        found = await asyncio.to_thread(self._parts.images.snapshots.changes, snapshot)
        return list(told(found))

    async def size(self, ref: str) -> tuple[int, int]:
        """Bytes: (in the writable layer, in the whole root file system)."""
        record = self._parts.registry.find(ref).record
        written = await asyncio.to_thread(self._parts.images.snapshots.usage, record.snapshot)
        try:
            return written, written + self._parts.images.get(record.image_id).size
        except NotFound:
            return written, written

    async def log_size(self, ref: str) -> int:
        """Bytes of its log's files."""
        return await asyncio.to_thread(
            logfiles.size, self._parts.paths.log(self._parts.registry.find(ref).id)
        )

    def layers(self, ref: str) -> dict[str, str]:
        """Where its layers are on the host, in the words of Docker's GraphDriver data."""
        snapshot = self._parts.registry.find(ref).record.snapshot
        paths = layer_paths(self._parts.images.snapshots.mounts(snapshot))
        return {"UpperDir": paths[0], "LowerDir": ":".join(paths[1:])}


def told(found: Sequence[Change]) -> list[Change]:
    """Changes without what a start makes in a root that lacks it, nor the folders that only had to take that."""
    places = [change.path for change in found if change.kind == ADDED and change.path in _MADE]
    folders = {posixpath.dirname(place) for place in places}
    kept: list[Change] = []
    for change in reversed(found):
        if change.path in places or (change.kind == MODIFIED and change.path in folders):
            inside = change.path.rstrip("/") + "/"
            if not any(other.path.startswith(inside) for other in kept):
                continue
        kept.append(change)
    return kept[::-1]
