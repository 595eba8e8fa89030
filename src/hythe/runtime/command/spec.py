"""write a config.json to begin with"""

from __future__ import annotations

import os
from typing import Any

from hythe.errors import Conflict
from hythe.runtime.command import jsonfile
from hythe.runtime.command.context import Context
from hythe.runtime.command.flags import Flag

USAGE = "[command options]"
FLAGS: tuple[Flag, ...] = (
    ("bundle b", "text", "folder to write it to (default: the working directory)"),
    ("rootless", "switch", "for the user who writes it"),
)
ARGUMENTS = (0, 0)
_CAPABILITIES = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
_PLAIN = ["nosuid", "noexec", "nodev"]
_MASKED = """/proc/acpi /proc/asound /proc/kcore /proc/keys /proc/latency_stats /proc/timer_list /proc/timer_stats
/proc/sched_debug /sys/firmware /proc/scsi""".split()
_READ_ONLY = "/proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger".split()


def action(context: Context, options: dict[str, Any], arguments: list[str]) -> int:
    path = os.path.join(options["bundle"], "config.json")
    if os.path.exists(path):  # noqa: PTH110
        raise Conflict(f"File {path} exists. Remove it first")
    config = example()
    if options["rootless"]:
        _for_user(config, os.geteuid(), os.getegid())
    jsonfile.write_text(path, jsonfile.encode(config, indent=4), 0o666)
    return 0


def _mount(place: str, kind: str, options: list[str], source: str = "") -> dict[str, Any]:
    return {"destination": place, "type": kind, "source": source or kind, "options": options}


def example() -> dict[str, Any]:
    """The configuration that runc's `spec` writes: a shell on a terminal, with few capabilities."""
    return {
        "ociVersion": "1.2.0",
        "process": {
            "terminal": True,
            "user": {"uid": 0, "gid": 0},
            "args": ["sh"],
            "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
            "cwd": "/",
            "capabilities": dict.fromkeys(("bounding", "effective", "permitted"), _CAPABILITIES),
            "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
            "noNewPrivileges": True,
        },
        "root": {"path": "rootfs", "readonly": True},
        "hostname": "runc",
        "mounts": [
            _mount("/proc", "proc", []),
            _mount("/dev", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
            _mount(
                "/dev/pts",
                "devpts",
                ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
            ),
            _mount("/dev/shm", "tmpfs", [*_PLAIN, "mode=1777", "size=65536k"], "shm"),
            _mount("/dev/mqueue", "mqueue", _PLAIN),
            _mount("/sys", "sysfs", [*_PLAIN, "ro"]),
            _mount("/sys/fs/cgroup", "cgroup", [*_PLAIN, "relatime", "ro"]),
        ],
        "linux": {
            "resources": {"devices": [{"allow": False, "access": "rwm"}]},
            "namespaces": [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount", "cgroup")],
            "maskedPaths": _MASKED,
            "readonlyPaths": _READ_ONLY,
        },
    }


def _for_user(config: dict[str, Any], uid: int, gid: int) -> None:
    """A user namespace with the user as its root; the host's network and /sys, which that one may not mount."""
    linux = config["linux"]
    linux["namespaces"] = [one for one in linux["namespaces"] if one["type"] != "network"] + [
        {"type": "user"}
    ]
    linux["uidMappings"] = [{"containerID": 0, "hostID": uid, "size": 1}]
    linux["gidMappings"] = [{"containerID": 0, "hostID": gid, "size": 1}]
    del linux["resources"]
    mounts = [one for one in config["mounts"] if one["destination"] not in ("/sys", "/sys/fs/cgroup")]
    for one in mounts:
        one["options"] = [word for word in one["options"] if not word.startswith(("gid=", "uid="))]
    mounts.append(_mount("/sys", "none", ["rbind", *_PLAIN, "ro"], "/sys"))
    config["mounts"] = mounts
