"""The first process of a container, from fork to exec, in the order in which things depend on each other.

Control group (before its namespace), namespaces, sources of bind mounts (while still shared with the host),
root, mounts, devices, terminal, parameters, masks, the new root; then "ready" and, after "start", the user,
the capabilities, the filter and exec.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple, cast

from hythe.kernel import mounts as kernel_mounts
from hythe.kernel import process
from hythe.kernel.cgroups import Group
from hythe.oci.spec import Mount, Root
from hythe.runtime.init import devices, masking, mounts, namespaces, rootfs, security, sysctl, terminal
from hythe.runtime.init.channel import Channel
from hythe.runtime.init.execute import enter_directory, environment, find_program, run
from hythe.runtime.init.reaper import serve
from hythe.runtime.init.trees import Trees


class Plan(NamedTuple):
    """Everything that the child needs, decided before the fork. `spec` is a valid config.json.

    `preserved`: how many descriptors from 3 on the program gets.
    """

    spec: dict[str, Any]
    bundle: str
    rootfs: list[Mount]
    group: Group
    filter: security.Filter | None
    terminal: bool
    init: bool
    open_files: tuple[int, int]
    preserved: int = 0


def become(plan: Plan, channel: Channel) -> int:
    """Set everything up, wait for the start, exec. Returns only as --init's pid 1. Raises what goes wrong."""
    process.set_dumpable(False)
    plan.group.create()
    warnings = plan.group.limit(plan.spec["linux"].get("resources") or {})
    plan.group.join()
    return complete(plan, channel, warnings, frozenset(), None)


def complete(
    plan: Plan, channel: Channel, warnings: list[str], made: frozenset[str], trees: Trees | None
) -> int:
    """The rest, from inside the control group; `made`: types of namespaces that are there already."""
    spec = plan.spec
    prepared = security.prepare(spec["process"], plan.open_files)
    namespaces.enter(spec["linux"]["namespaces"], made)
    channel.send("namespaces")
    hooks = spec.get("hooks") or {}
    if hooks.get("prestart") or hooks.get("createRuntime"):
        channel.wait_hooks()
    namespaces.name_host(spec.get("hostname"), spec.get("domainname"))
    os.umask(0)
    master = _build(plan, trees)
    os.umask(0o022)
    security.own_streams((spec["process"].get("user") or {}).get("uid", 0), terminal=plan.terminal)
    enter_directory(spec["process"].get("cwd") or "/")
    if channel.gate is not None:
        find_program(spec["process"]["args"][0], environment(spec["process"].get("env") or []))
    channel.send("ready", master, warnings=warnings + prepared.warnings)
    if master is not None:
        os.close(master)
    channel.wait_start()
    security.apply(spec["process"], prepared, plan.filter)
    return _execute(plan, channel)


def _build(plan: Plan, trees: Trees | None) -> int | None:
    """Make the container's file system and enter it. The terminal's master, where there is one."""
    spec, linux = plan.spec, plan.spec["linux"]
    own = {entry["type"] for entry in linux["namespaces"] if not entry.get("path")}
    sysctl.check(linux.get("sysctl") or {}, own)
    null = masking.host_null()
    entries = spec.get("mounts") or []
    prepared = mounts.prepare(entries)
    kernel_mounts.make_private("/")
    root = rootfs.mount_root(plan.bundle, cast(Root, spec.get("root") or {}), plan.rootfs)
    ready = trees.attach(root, spec, plan.group) if trees is not None else None
    if ready is not None:
        mounted, count = ready
        mounts.mount_all(root, prepared[count:], plan.group, own_cgroup=True)
    else:
        mounted = mounts.mount_all(root, prepared, plan.group, own_cgroup="cgroup" in own)
        if mounted.dev >= 0:
            devices.populate(mounted.dev, terminals=mounted.pts >= 0)
    if mounted.dev >= 0:
        for device in linux.get("devices") or []:
            devices.make(root, device)
    master = _terminal(plan, mounted) if plan.terminal else None
    if ready is None:
        sysctl.apply(linux.get("sysctl") or {}, mounted.proc)
        masking.cover(
            root, mounted.proc, null, linux.get("maskedPaths") or [], linux.get("readonlyPaths") or []
        )
    else:
        sysctl.apply(linux.get("sysctl") or {}, -1)  # /proc/sys is read-only already
    rootfs.enter(root, read_only=bool((spec.get("root") or {}).get("readonly")))
    for fd in (null, root, *mounted):
        if fd >= 0:
            os.close(fd)
    return master


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
            run(spec["args"], environment(spec.get("env") or []), plan.preserved)
        except BaseException as error:
            channel.fail(error)
            raise

    if plan.init:
        return serve(start, channel.close, terminal=plan.terminal)
    start()
    return 127
