"""The whole config.json, and the bundle's folder on disk.

Pure translation; nothing is touched but by `write_bundle`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

from hythe.base.files import write_atomic
from hythe.engine.bundle.devices import device_rules, devices
from hythe.engine.bundle.mounts import MANAGED_FILES, mounts
from hythe.engine.bundle.process import process
from hythe.engine.bundle.resources import resources
from hythe.engine.bundle.surroundings import Surroundings
from hythe.engine.model import Container
from hythe.engine.security import SecurityOptions
from hythe.engine.usernamespaces import UserNamespace
from hythe.oci.spec import IdMapping, Linux, Namespace, Spec

OCI_VERSION: Final = "1.2.0"
INIT_ANNOTATION: Final = "org.hythe.init"

MASKED: Final = """/proc/acpi /proc/asound /proc/interrupts /proc/kcore /proc/keys /proc/latency_stats
/proc/sched_debug /proc/scsi /proc/timer_list /proc/timer_stats /sys/devices/virtual/powercap
/sys/firmware""".split()
READONLY: Final = "/proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger".split()


def _namespaces(around: Surroundings) -> list[Namespace]:
    result: list[Namespace] = []
    for kind in ("pid", "network", "mount", "ipc", "uts", "cgroup"):
        value = around.namespaces.get(kind, "")
        if value == "":
            result.append({"type": kind})
        elif value != "host":
            result.append({"type": kind, "path": value})
    if around.user_namespace is not None:
        path = around.user_namespace.path
        result.append({"type": "user", "path": path} if path else {"type": "user"})
    return result


def _own_mapping(linux: Linux, user: UserNamespace) -> None:
    entries: list[IdMapping] = [
        {"containerID": one.inside, "hostID": one.outside, "size": one.size} for one in user.mapping().uids
    ]
    linux["uidMappings"] = linux["gidMappings"] = entries


def spec(container: Container, around: Surroundings) -> Spec:
    """The whole config.json. The root file system itself is handed to the runtime as a list of mounts."""
    host = container.spec.host
    options = SecurityOptions(host.security_opt, privileged=host.privileged)
    described = process(container, around.user, around.links)
    limits = resources(host)
    limits["devices"] = device_rules(host)
    linux: Linux = {
        "namespaces": _namespaces(around),
        "cgroupsPath": around.cgroup,
        "resources": limits,
        "devices": devices(host),
        "sysctl": dict(host.sysctls),
        "rootfsPropagation": "private",
    }
    if around.user_namespace is not None and not around.user_namespace.path:
        _own_mapping(linux, around.user_namespace)
    filter = options.seccomp(described["capabilities"]["bounding"])
    if filter is not None:
        linux["seccomp"] = filter
    if not options.unmask:
        linux["maskedPaths"] = list(MASKED) if host.masked_paths is None else host.masked_paths
        linux["readonlyPaths"] = list(READONLY) if host.readonly_paths is None else host.readonly_paths
    result: Spec = {
        "ociVersion": OCI_VERSION,
        "process": described,
        "root": {"path": "rootfs", "readonly": host.read_only},
        "mounts": mounts(container, around),
        "linux": linux,
        "annotations": {INIT_ANNOTATION: "true"} if host.init else {},
    }
    if around.namespaces.get("uts", "") == "":
        result["hostname"] = container.hostname
        if container.spec.domainname:
            result["domainname"] = container.spec.domainname
    return result


def write_bundle(folder: Path, config: Spec, root: int) -> None:
    """Write config.json, and the files that are bound into /etc where they are not there yet.

    They belong to the container's root, which is `root` on the host.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o711)
    write_atomic(folder / "config.json", msgspec.json.encode(config), 0o600, durable=False)
    for name in MANAGED_FILES:
        (folder / name).touch(0o644)
        os.chown(folder / name, root, root)
