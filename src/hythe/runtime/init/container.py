"""The first process of a container, from fork to exec, in the order in which things depend on each other.

Control group (before its namespace), limits, namespaces, what only the host's root can make (`sources`), then
root, mounts, devices, terminal, parameters, masks, the new root; then "ready" and, after "start", the user,
the capabilities, the filter and exec. `staged` is the way for a container with a user namespace of its own,
where two processes share this.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from hythe.kernel import mounts as kernel_mounts
from hythe.kernel import process
from hythe.kernel.cgroups import Group
from hythe.oci.spec import Mount
from hythe.runtime.init import devices, masking, mounts, namespaces, rootfs, security, sysctl, terminal
from hythe.runtime.init.channel import Channel
from hythe.runtime.init.execute import enter_directory, environment, make_directory, run
from hythe.runtime.init.reaper import serve
from hythe.runtime.init.sources import Sources, gather
from hythe.runtime.init.trees import Trees


class Plan(NamedTuple):
    """Everything that the child needs, decided before the fork. `spec` is a valid config.json."""

    spec: dict[str, Any]
    bundle: str
    rootfs: list[Mount]
    group: Group
    filter: security.Filter | None
    terminal: bool
    init: bool
    open_files: tuple[int, int]


def become(plan: Plan, channel: Channel) -> int:
    """Set everything up, wait for the start, exec. Returns only as --init's pid 1. Raises what goes wrong.

    For a container in the host's user namespace, whose first process does all of it by itself.
    """
    process.set_dumpable(False)
    plan.group.create()
    warnings = plan.group.limit(plan.spec["linux"].get("resources") or {})
    plan.group.join()
    return alone(plan, channel, warnings, frozenset(), None)


def alone(
    plan: Plan, channel: Channel, warnings: list[str], made: frozenset[str], trees: Trees | None
) -> int:
    """The rest, from inside the control group; `made`: types of namespaces that are there already."""
    spec = plan.spec
    warnings += security.set_limits(spec["process"], plan.open_files)
    security.own_streams((spec["process"].get("user") or {}).get("uid", 0), terminal=plan.terminal)
    namespaces.enter(spec["linux"]["namespaces"], made)
    channel.send("namespaces")
    ready = trees is not None and trees.fit(spec, plan.group)
    sources = gather(spec, plan.bundle, plan.rootfs, None, dev=not ready)
    return complete(plan, channel, warnings, sources, trees if ready else None)


def complete(plan: Plan, channel: Channel, warnings: list[str], sources: Sources, trees: Trees | None) -> int:
    """From inside all namespaces, with all that only the host's root could make."""
    spec = plan.spec
    prepared = security.prepare(spec["process"])
    namespaces.name_host(spec.get("hostname"), spec.get("domainname"))
    os.umask(0)
    master = _build(plan, sources, trees)
    os.umask(0o022)
    enter_directory(spec["process"].get("cwd") or "/")
    channel.send("ready", master, warnings=warnings + prepared.warnings + security.ungranted(spec["process"]))
    if master is not None:
        os.close(master)
    channel.wait_start()
    process.close_on_exec_from(3)  # before the filter, which may know no close_range(2)
    security.apply(spec["process"], prepared, plan.filter)
    return _execute(plan, channel)


def _build(plan: Plan, sources: Sources, trees: Trees | None) -> int | None:
    """Make the container's file system and enter it. The terminal's master, where there is one."""
    spec, linux = plan.spec, plan.spec["linux"]
    own = {entry["type"] for entry in linux["namespaces"] if not entry.get("path")}
    sysctl.check(linux.get("sysctl") or {}, own)
    null = masking.host_null()
    prepared = mounts.parse_all(spec.get("mounts") or [])
    kernel_mounts.make_private("/")
    root = sources.root
    rootfs.attach(root)
    if trees is not None:
        mounted, count = trees.attach(root)
        mounts.mount_all(root, prepared, sources.trees, plan.group, own_cgroup=True, first=count)
        _make_devices(mounted.dev, linux)
    else:
        mounted = mounts.mount_all(root, prepared, sources.trees, plan.group, own_cgroup="cgroup" in own)
    if mounted.dev >= 0:
        for device in linux.get("devices") or []:
            if not device["path"].startswith("/dev/"):
                devices.make(root, device)
    master = _terminal(plan, mounted) if plan.terminal else None
    if trees is None:
        sysctl.apply(linux.get("sysctl") or {}, mounted.proc)
        masking.cover(
            root, mounted.proc, null, linux.get("maskedPaths") or [], linux.get("readonlyPaths") or []
        )
    else:
        sysctl.apply(linux.get("sysctl") or {}, -1)  # /proc/sys is read-only already
    read_only = bool((spec.get("root") or {}).get("readonly"))
    if read_only:
        make_directory(root, spec["process"].get("cwd") or "/")
    rootfs.enter(root, read_only=read_only, propagation=linux.get("rootfsPropagation") or "")
    for fd in (null, root, *mounted):
        if fd >= 0:
            os.close(fd)
    return master


def _make_devices(dev: int, linux: dict[str, Any]) -> None:
    for device in linux.get("devices") or []:
        if device["path"].startswith("/dev/"):
            devices.make(dev, device, below="/dev/")


def _terminal(plan: Plan, mounted: mounts.Mounted) -> int:
    size = plan.spec["process"].get("consoleSize") or {}
    user = plan.spec["process"].get("user") or {}
    dimensions = (size.get("height", 0), size.get("width", 0))
    return terminal.give(mounted.pts, mounted.dev, user.get("uid", 0), dimensions)


def _execute(plan: Plan, channel: Channel) -> int:
    """exec, or with --init fork and exec, in which case pid 1's exit code is returned."""
    spec = plan.spec["process"]

    def start() -> None:
        try:
            run(spec["args"], environment(spec.get("env") or []))
        except BaseException as error:
            channel.fail(error)
            raise

    if plan.init:
        return serve(start, channel.close, terminal=plan.terminal)
    start()
    return 127
