"""What `linux.resources` may say, whichever version of control groups is mounted: names, types and ranges.

Checked before anything is done, so that a container is never made with less than it asks for and an update is
never half made for a typing error. A name that is not in these tables is refused by itself. What only a version
or a machine lacks is not known here: `v1_limits` and `v2_limits` say that. Values become parts of file names
and lines of files, so their characters are checked too. Source: runtime-spec 1.2, config-linux.md.
"""

from __future__ import annotations

import re
from typing import Any, Final

from hythe.errors import InvalidArgument, Unsupported

_NAMES: Final[dict[str, frozenset[str]]] = {
    "": frozenset("devices memory cpu pids blockIO hugepageLimits network rdma unified".split()),
    "memory.": frozenset(
        """limit reservation swap kernel kernelTCP swappiness disableOOMKiller useHierarchy
        checkBeforeUpdate""".split()
    ),
    "cpu.": frozenset("shares quota burst period realtimeRuntime realtimePeriod cpus mems idle".split()),
    "pids.": frozenset(("limit",)),
    "blockIO.": frozenset(
        """weight leafWeight weightDevice throttleReadBpsDevice throttleWriteBpsDevice
        throttleReadIOPSDevice throttleWriteIOPSDevice""".split()
    ),
    "network.": frozenset(("classID", "priorities")),
}
THROTTLES: Final = (
    "throttleReadBpsDevice", "throttleWriteBpsDevice", "throttleReadIOPSDevice", "throttleWriteIOPSDevice",
)  # fmt: skip
_LARGEST: Final = 2**63 - 1
_U32: Final = 2**32 - 1
_PAGE_SIZE: Final = re.compile(r"[1-9][0-9]*[KMG]B")
_FILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)+")
_WORD: Final = re.compile(r"[^\s/]+")


def check(resources: dict[str, Any]) -> None:
    """Raises InvalidArgument for what makes no sense, Unsupported for a name that is not known."""
    _only("", resources)
    for group in ("memory", "cpu", "pids", "blockIO", "network"):
        _only(f"{group}.", resources.get(group) or {})
    _memory(resources.get("memory") or {})
    _cpu(resources.get("cpu") or {})
    _number((resources.get("pids") or {}).get("limit"), "pids.limit", -1, _LARGEST)
    _block_io(resources.get("blockIO") or {})
    _network(resources.get("network") or {})
    for entry in resources.get("hugepageLimits") or ():
        _text(entry.get("pageSize"), "hugepageLimits.pageSize", _PAGE_SIZE, "write it like 2MB")
        _number(entry.get("limit"), "hugepageLimits.limit", 0, 2**64 - 1, needed=True)
    for device, entry in (resources.get("rdma") or {}).items():
        _text(device, "rdma", _WORD, "write the name of a device")
        for key in ("hcaHandles", "hcaObjects"):
            _number(entry.get(key), f"rdma.{device}.{key}", 0, _U32)
    for name in resources.get("unified") or {}:
        _text(name, "unified", _FILE, "write the name of a file of the group, like memory.high")


def _only(where: str, given: dict[str, Any]) -> None:
    for name, value in given.items():
        if name not in _NAMES[where] and value not in (None, "", [], {}, False, 0):
            raise Unsupported(f"linux.resources.{where}{name} is not supported by this runtime")


def _number(value: object, where: str, low: int, high: int, *, needed: bool = False) -> None:
    if value is None and not needed:
        return
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise InvalidArgument(f"linux.resources.{where} {value!r} is not between {low} and {high}")


def _text(value: object, where: str, pattern: re.Pattern[str], hint: str) -> None:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise InvalidArgument(f"linux.resources.{where}: {value!r} is not possible", hint=hint)


def _memory(memory: dict[str, Any]) -> None:
    for name in ("limit", "reservation", "swap", "kernel", "kernelTCP"):
        _number(memory.get(name), f"memory.{name}", -1, _LARGEST)
    _number(memory.get("swappiness"), "memory.swappiness", 0, 100)
    limit, swap = memory.get("limit") or 0, memory.get("swap") or 0
    if 0 < swap < limit:
        raise InvalidArgument(
            f"linux.resources.memory: the limit for memory + swap ({swap}) is below that for memory ({limit})"
        )


def _cpu(cpu: dict[str, Any]) -> None:
    _number(cpu.get("quota"), "cpu.quota", -1, _LARGEST)
    for name in ("burst", "period", "realtimePeriod"):
        _number(cpu.get(name), f"cpu.{name}", 0, _LARGEST)
    _number(cpu.get("realtimeRuntime"), "cpu.realtimeRuntime", -1, _LARGEST)
    _number(cpu.get("idle"), "cpu.idle", 0, 1)
    shares = cpu.get("shares")
    _number(shares, "cpu.shares", 0, _LARGEST)
    if shares and not 2 <= shares <= 262144:
        bound, number = ("minimum", 2) if shares < 2 else ("maximum", 262144)
        raise InvalidArgument(f"linux.resources.cpu: the {bound} allowed cpu-shares is {number}")
    if 0 < (cpu.get("quota") or 0) < (cpu.get("burst") or 0):
        raise InvalidArgument("linux.resources.cpu.burst is above cpu.quota")


def _block_io(block: dict[str, Any]) -> None:
    for name in ("weight", "leafWeight"):
        _weight(block.get(name), f"blockIO.{name}")
    for entry in block.get("weightDevice") or ():
        _device(entry, "blockIO.weightDevice")
        for name in ("weight", "leafWeight"):
            _weight(entry.get(name), f"blockIO.weightDevice.{name}")
        if not entry.get("weight") and not entry.get("leafWeight"):
            raise InvalidArgument("linux.resources.blockIO.weightDevice needs a weight or a leafWeight")
    for name in THROTTLES:
        for entry in block.get(name) or ():
            _device(entry, f"blockIO.{name}")
            _number(entry.get("rate"), f"blockIO.{name}.rate", 0, 2**64 - 1, needed=True)


def _weight(value: object, where: str) -> None:
    if value:
        _number(value, where, 10, 1000)


def _device(entry: dict[str, Any], where: str) -> None:
    for name in ("major", "minor"):
        _number(entry.get(name), f"{where}.{name}", 0, _U32, needed=True)


def _network(network: dict[str, Any]) -> None:
    _number(network.get("classID"), "network.classID", 0, _U32)
    for entry in network.get("priorities") or ():
        _text(entry.get("name"), "network.priorities", _WORD, "write the name of an interface")
        _number(entry.get("priority"), "network.priorities.priority", 0, _U32, needed=True)
