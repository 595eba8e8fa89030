"""What this machine is and has: read from /proc and /sys, once or when asked."""

from __future__ import annotations

import os
import platform
import socket
from pathlib import Path
from typing import NamedTuple


class Identity(NamedTuple):
    """As in node.status.nodeInfo."""

    machine_id: str
    system_uuid: str
    boot_id: str
    kernel: str
    os_image: str
    architecture: str


def _line(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def identity() -> Identity:
    boot = _line("/proc/sys/kernel/random/boot_id")
    machine = _line("/etc/machine-id") or _line("/var/lib/dbus/machine-id")
    names = dict(line.split("=", 1) for line in _line("/etc/os-release").splitlines() if "=" in line)
    return Identity(
        machine,
        _line("/sys/class/dmi/id/product_uuid") or machine,
        boot,
        platform.release(),
        names.get("PRETTY_NAME", "Linux").strip('"'),
        {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine()),
    )


def memory() -> dict[str, int]:
    """/proc/meminfo in bytes."""
    found: dict[str, int] = {}
    for line in _line("/proc/meminfo").splitlines():
        key, _, rest = line.partition(":")
        if rest.strip().endswith("kB"):
            found[key] = int(rest.split()[0]) * 1024
    return found


def cpus() -> int:
    return len(os.sched_getaffinity(0))


def disk(place: Path) -> tuple[int, int]:
    """(bytes in all, bytes that can be had) of the file system that `place` is on."""
    found = os.statvfs(place)
    return found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize


def inodes(place: Path) -> tuple[int, int]:
    found = os.statvfs(place)
    return found.f_files, found.f_favail


def pid_limit() -> tuple[int, int]:
    """(how many there may be, how many there are)."""
    limit = int(_line("/proc/sys/kernel/pid_max") or 4194304)
    running = _line("/proc/loadavg").split()
    return limit, int(running[3].partition("/")[2]) if len(running) > 3 else 0


def default_address() -> str:
    """The address that packets to elsewhere would leave from; loopback where there is no way out. Sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def busy_nanoseconds() -> int:
    """CPU time that all processors have spent on work since the boot (proc(5), /proc/stat)."""
    first = _line("/proc/stat").splitlines()[:1]
    ticks = [int(number) for number in first[0].split()[1:9]] if first else [0] * 8
    user, nice, system, _idle, _wait, irq, softirq, steal = ticks
    return (user + nice + system + irq + softirq + steal) * (10**9 // os.sysconf("SC_CLK_TCK"))
