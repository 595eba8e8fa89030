"""From a container's record to its OCI bundle: the config.json that any OCI runtime can run.

Pure translation; nothing is touched but by `write_bundle`. What a container sees by default is Docker's: a
read-only /sys and cgroup tree, masked and read-only paths under /proc, /dev with the usual devices, /dev/shm
of 64 MiB, and its own /etc/hosts, /etc/hostname and /etc/resolv.conf bound from the bundle's folder.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from hythe.base.files import write_atomic
from hythe.engine.model import Container, HostOptions, MountPoint
from hythe.engine.security import SecurityOptions, capabilities
from hythe.engine.users import ResolvedUser
from hythe.oci.spec import (
    Capabilities,
    Device,
    DeviceRule,
    Linux,
    Mount,
    Namespace,
    Process,
    Resources,
    Rlimit,
    Spec,
)

OCI_VERSION: Final = "1.2.0"
DEFAULT_PATH: Final = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
INIT_ANNOTATION: Final = "org.hythe.init"
MANAGED_FILES: Final = ("hosts", "hostname", "resolv.conf")

MASKED: Final = """/proc/acpi /proc/asound /proc/interrupts /proc/kcore /proc/keys /proc/latency_stats
/proc/sched_debug /proc/scsi /proc/timer_list /proc/timer_stats /sys/devices/virtual/powercap
/sys/firmware""".split()
READONLY: Final = "/proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger".split()

_CHARACTER_DEVICES: Final = (
    (1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 1), (5, 2), (136, -1),
)  # fmt: skip


@dataclass(frozen=True)
class Surroundings:
    """What the engine found out for this start. Namespace values: "" = a new one, a path = join, "host" = none."""

    folder: Path
    cgroup: str
    user: ResolvedUser
    namespaces: dict[str, str] = field(default_factory=dict)
    tmpfs: dict[str, list[str]] = field(default_factory=dict)


def capability_sets(granted: list[str], uid: int) -> Capabilities:
    """For root all sets but the inheritable and ambient; for others only the bounding set (as Docker does)."""
    effective = granted if uid == 0 else []
    return {"bounding": granted, "effective": effective, "permitted": effective}


def environment(container: Container, user: ResolvedUser) -> list[str]:
    """The process's environment: PATH, HOSTNAME, TERM and HOME where neither image nor user set them."""
    given = {entry.partition("=")[0] for entry in container.env}
    first = [] if "PATH" in given else [DEFAULT_PATH]
    if "HOSTNAME" not in given:
        first.append(f"HOSTNAME={container.hostname}")
    if container.spec.tty and "TERM" not in given:
        first.append("TERM=xterm")
    last = [] if "HOME" in given else [f"HOME={user.home}"]
    return first + container.env + last


def process(container: Container, user: ResolvedUser) -> Process:
    """The container's main process; an exec starts from the same and changes some fields."""
    host = container.spec.host
    options = SecurityOptions(host.security_opt, privileged=host.privileged)
    granted = capabilities(host.cap_add, host.cap_drop, privileged=host.privileged)
    limits: list[Rlimit] = [
        {"type": "RLIMIT_" + limit.name.upper(), "soft": limit.soft, "hard": limit.hard}
        for limit in host.ulimits
    ]
    result: Process = {
        "terminal": container.spec.tty,
        "user": {"uid": user.uid, "gid": user.gid, "additionalGids": user.groups},
        "args": container.args,
        "env": environment(container, user),
        "cwd": container.working_dir or "/",
        "capabilities": capability_sets(granted, user.uid),
        "rlimits": limits,
        "noNewPrivileges": options.no_new_privileges,
    }
    if host.oom_score_adj:
        result["oomScoreAdj"] = host.oom_score_adj
    if options.apparmor:
        result["apparmorProfile"] = options.apparmor
    return result


def resources(host: HostOptions) -> Resources:
    """Limits in the specification's units; what was not asked for is left out."""
    result: Resources = {}
    if host.memory or host.memory_reservation or host.memory_swap:
        memory = result.setdefault("memory", {})
        if host.memory:
            memory["limit"] = host.memory
            memory["swap"] = host.memory_swap or 2 * host.memory
        if host.memory_reservation:
            memory["reservation"] = host.memory_reservation
        if host.oom_kill_disable:
            memory["disableOOMKiller"] = True
    cpu = result.setdefault("cpu", {})
    if host.nano_cpus:
        cpu["period"], cpu["quota"] = 100_000, host.nano_cpus // 10_000
    elif host.cpu_quota:
        cpu["period"], cpu["quota"] = host.cpu_period or 100_000, host.cpu_quota
    if host.cpu_shares:
        cpu["shares"] = host.cpu_shares
    if host.cpuset_cpus:
        cpu["cpus"] = host.cpuset_cpus
    if host.cpuset_mems:
        cpu["mems"] = host.cpuset_mems
    if not cpu:
        del result["cpu"]
    if host.pids_limit > 0:
        result["pids"] = {"limit": host.pids_limit}
    return result


def _device_rules(host: HostOptions) -> list[DeviceRule]:
    if host.privileged:
        return [{"allow": True, "access": "rwm"}]
    rules: list[DeviceRule] = [
        {"allow": False, "access": "rwm"},
        {"allow": True, "type": "c", "access": "m"},
        {"allow": True, "type": "b", "access": "m"},
    ]
    for major, minor in _CHARACTER_DEVICES:
        rules.append({"allow": True, "type": "c", "major": major, "minor": minor, "access": "rwm"})
    for request in host.devices:
        device = host_device(request.host_path, request.container_path)
        rules.append(
            {
                "allow": True,
                "type": device["type"],
                "major": device["major"],
                "minor": device["minor"],
                "access": request.permissions,
            }
        )
    return rules


def host_device(path: str, inside: str) -> Device:
    """The device at `path` on the host, as one at `inside`. Raises OSError, or ValueError for no device."""
    status = os.stat(path)
    if not (stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode)):
        raise ValueError(f"{path} is not a device")
    return {
        "type": "c" if stat.S_ISCHR(status.st_mode) else "b",
        "path": inside,
        "major": os.major(status.st_rdev),
        "minor": os.minor(status.st_rdev),
        "fileMode": stat.S_IMODE(status.st_mode),
        "uid": status.st_uid,
        "gid": status.st_gid,
    }


def _devices(host: HostOptions) -> list[Device]:
    devices = [host_device(request.host_path, request.container_path) for request in host.devices]
    if host.privileged:
        for folder, _, names in os.walk("/dev"):
            if folder.startswith(("/dev/pts", "/dev/shm", "/dev/mqueue")):
                continue
            for name in names:
                path = f"{folder}/{name}"
                mode = os.lstat(path).st_mode
                if (stat.S_ISCHR(mode) or stat.S_ISBLK(mode)) and name not in ("console", "ptmx", "tty"):
                    devices.append(host_device(path, path))
    return devices


def _mount_point(mount: MountPoint, tmpfs: dict[str, list[str]]) -> Mount:
    if mount.type == "tmpfs":
        options = ["nosuid", "nodev", "noexec", *tmpfs.get(mount.target, [])]
        if mount.read_only:
            options.append("ro")
        return {"destination": mount.target, "type": "tmpfs", "source": "tmpfs", "options": options}
    options = ["rbind", mount.propagation or "rprivate", "ro" if mount.read_only else "rw"]
    return {"destination": mount.target, "type": "bind", "source": mount.source, "options": options}


def _mounts(container: Container, around: Surroundings) -> list[Mount]:
    host = container.spec.host
    access = "rw" if host.privileged else "ro"
    plain = ["nosuid", "noexec", "nodev"]
    shm = [*plain, "mode=1777", f"size={host.shm_size}"]
    mounts: list[Mount] = [
        {"destination": "/proc", "type": "proc", "source": "proc", "options": plain},
        {
            "destination": "/dev",
            "type": "tmpfs",
            "source": "tmpfs",
            "options": ["nosuid", "strictatime", "mode=755", "size=65536k"],
        },
        {
            "destination": "/dev/pts",
            "type": "devpts",
            "source": "devpts",
            "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
        },
        {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": [*plain, access]},
        {
            "destination": "/sys/fs/cgroup",
            "type": "cgroup",
            "source": "cgroup",
            "options": [*plain, "relatime", access],
        },
        {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": plain},
    ]
    if around.namespaces.get("ipc") == "host":
        mounts.append(
            {
                "destination": "/dev/shm",
                "type": "bind",
                "source": "/dev/shm",
                "options": ["rbind", "nosuid", "nodev", "noexec"],
            }
        )
    else:
        mounts.append({"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": shm})
    taken = {mount.target for mount in container.mounts}
    for name in MANAGED_FILES:
        if f"/etc/{name}" not in taken:
            mounts.append(
                {
                    "destination": f"/etc/{name}",
                    "type": "bind",
                    "source": str(around.folder / name),
                    "options": ["rbind", "rprivate", "ro" if host.read_only else "rw"],
                }
            )
    mounts = [mount for mount in mounts if mount["destination"] not in taken]
    mounts += [_mount_point(m, around.tmpfs) for m in sorted(container.mounts, key=lambda m: m.target.count("/"))]
    return mounts


def _namespaces(around: Surroundings) -> list[Namespace]:
    result: list[Namespace] = []
    for kind in ("pid", "network", "mount", "ipc", "uts", "cgroup"):
        value = around.namespaces.get(kind, "")
        if value == "":
            result.append({"type": kind})
        elif value != "host":
            result.append({"type": kind, "path": value})
    return result


def spec(container: Container, around: Surroundings) -> Spec:
    """The whole config.json. The root file system itself is handed to the runtime as a list of mounts."""
    host = container.spec.host
    options = SecurityOptions(host.security_opt, privileged=host.privileged)
    granted = capabilities(host.cap_add, host.cap_drop, privileged=host.privileged)
    limits = resources(host)
    limits["devices"] = _device_rules(host)
    linux: Linux = {
        "namespaces": _namespaces(around),
        "cgroupsPath": around.cgroup,
        "resources": limits,
        "devices": _devices(host),
        "sysctl": dict(host.sysctls),
        "rootfsPropagation": "private",
    }
    filter = options.seccomp(granted)
    if filter is not None:
        linux["seccomp"] = filter
    if not options.unmask:
        linux["maskedPaths"], linux["readonlyPaths"] = list(MASKED), list(READONLY)
    result: Spec = {
        "ociVersion": OCI_VERSION,
        "process": process(container, around.user),
        "root": {"path": "rootfs", "readonly": host.read_only},
        "mounts": _mounts(container, around),
        "linux": linux,
        "annotations": {INIT_ANNOTATION: "true"} if host.init else {},
    }
    if around.namespaces.get("uts", "") == "":
        result["hostname"] = container.hostname
        if container.spec.domainname:
            result["domainname"] = container.spec.domainname
    return result


def write_bundle(folder: Path, config: Spec) -> None:
    """Write config.json, and the files that are bound into /etc where they are not there yet."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o711)
    write_atomic(folder / "config.json", msgspec.json.encode(config), 0o600, durable=False)
    for name in MANAGED_FILES:
        (folder / name).touch(0o644)
