"""The `mounts` of config.json: kernel file systems, the engine's own files, and what the user mounts.

By default a container sees what Docker shows it: a read-only /sys and cgroup tree, /dev with its own pts and shm,
and /etc/hosts, /etc/hostname and /etc/resolv.conf bound from the bundle's folder. A user's mount at the same
place takes their place.
"""

from __future__ import annotations

from typing import Final

from hythe.engine.bundle.surroundings import Surroundings
from hythe.engine.model import Container, MountPoint
from hythe.engine.usernamespaces import mapped
from hythe.oci.spec import Mount

MANAGED_FILES: Final = ("hosts", "hostname", "resolv.conf")
_PLAIN: Final = ("nosuid", "noexec", "nodev")


def _mount(destination: str, type: str, source: str, *options: str) -> Mount:
    return {"destination": destination, "type": type, "source": source, "options": list(options)}


def _kernel_mounts(access: str) -> list[Mount]:
    pts = ("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5")
    return [
        _mount("/proc", "proc", "proc", *_PLAIN),
        _mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
        _mount("/dev/pts", "devpts", "devpts", *pts),
        _mount("/sys", "sysfs", "sysfs", *_PLAIN, access),
        _mount("/sys/fs/cgroup", "cgroup", "cgroup", *_PLAIN, "relatime", access),
        _mount("/dev/mqueue", "mqueue", "mqueue", *_PLAIN),
    ]


def _shared_memory(container: Container, around: Surroundings) -> Mount:
    ipc = around.namespaces.get("ipc", "")
    if ipc == "host":
        return _mount("/dev/shm", "bind", "/dev/shm", "rbind", *_PLAIN)
    if ipc:  # another container's: /proc/PID/ns/ipc
        return _mount("/dev/shm", "bind", f"{ipc.removesuffix('/ns/ipc')}/root/dev/shm", "bind", *_PLAIN)
    size = container.spec.host.shm_size
    return _mount("/dev/shm", "tmpfs", "shm", *_PLAIN, "mode=1777", f"size={size}")


def _managed_files(container: Container, around: Surroundings) -> list[Mount]:
    access = "ro" if container.spec.host.read_only else "rw"
    return [
        _mount(
            f"/etc/{name}", "bind", str((around.files or around.folder) / name), "rbind", "rprivate", access
        )
        for name in MANAGED_FILES
    ]


def _made(mount: MountPoint, volumes: dict[str, Mount]) -> Mount:
    return volumes.get(mount.volume, {"type": "bind", "source": mount.source, "options": ["rbind"]})


def user_mounts(container: Container, volumes: dict[str, Mount]) -> list[Mount]:
    """What comes from the host by the user's wish, as it will be mounted; `volumes` by name."""
    return [_made(mount, volumes) for mount in container.mounts if mount.type != "tmpfs"]


def _mount_point(mount: MountPoint, around: Surroundings) -> Mount:
    if mount.type == "tmpfs":
        asked = around.tmpfs.get(mount.target, []) + (["ro"] if mount.read_only else [])
        return _mount(mount.target, "tmpfs", "tmpfs", *_PLAIN, *asked)
    made = _made(mount, around.volumes)
    read_only = ("ro", "rro") if mount.recursive else ("ro",)
    options = [*made["options"], *(read_only if mount.read_only else ("rw",))]
    if made["type"] == "bind":
        options.append(mount.propagation or "rprivate")
    return mapped(_mount(mount.target, made["type"], made["source"], *options), around.idmaps)


def mounts(container: Container, around: Surroundings) -> list[Mount]:
    """All mounts in the order in which they are to be made."""
    taken = {mount.target for mount in container.mounts}
    usual = _kernel_mounts("rw" if container.spec.host.privileged else "ro")
    usual += [_shared_memory(container, around), *_managed_files(container, around)]
    asked = sorted(container.mounts, key=lambda mount: mount.target.count("/"))
    return [m for m in usual if m["destination"] not in taken] + [_mount_point(m, around) for m in asked]
