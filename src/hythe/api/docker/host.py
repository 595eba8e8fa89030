"""Facts about this machine for GET /info, read from /proc, /etc and the control group trees."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any, Final

from hythe.kernel.cgroups import detect

_MACHINES: Final = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}


def architecture() -> str:
    """Go's word for the machine: amd64, arm64."""
    machine = platform.machine()
    return _MACHINES.get(machine, machine)


def facts() -> dict[str, Any]:
    """The part of GET /info that is about the host."""
    release = platform.freedesktop_os_release()
    layout = detect()
    limits = layout.support()
    return {
        "Name": platform.node(),
        "NCPU": os.cpu_count() or 1,
        "MemTotal": memory_total(),
        "KernelVersion": platform.release(),
        "OperatingSystem": release.get("PRETTY_NAME", "Linux"),
        "OSVersion": release.get("VERSION_ID", ""),
        "OSType": "linux",
        "Architecture": platform.machine(),
        "CgroupVersion": str(layout.version),
        "MemoryLimit": limits.memory,
        "SwapLimit": limits.swap,
        "CpuCfsPeriod": limits.cpu_quota,
        "CpuCfsQuota": limits.cpu_quota,
        "CPUShares": limits.cpu_shares,
        "CPUSet": limits.cpuset,
        "PidsLimit": limits.pids,
        "OomKillDisable": limits.oom_kill_disable,
        "IPv4Forwarding": _enabled("net/ipv4/ip_forward"),
        "BridgeNfIptables": _enabled("net/bridge/bridge-nf-call-iptables"),
        "BridgeNfIp6tables": _enabled("net/bridge/bridge-nf-call-ip6tables"),
        "NFd": len(list(Path("/proc/self/fd").iterdir())),
        "NGoroutines": 0,
        "NEventsListener": 0,
    }


def memory_total() -> int:
    """Bytes of memory in this machine (proc(5), /proc/meminfo)."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    return 0


def _enabled(name: str) -> bool:
    path = Path("/proc/sys") / name
    return path.exists() and path.read_text().strip() == "1"
