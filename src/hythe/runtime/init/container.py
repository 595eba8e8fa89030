"""The first process of a container, from fork to exec, in the order in which things depend on each other.

Control group (before its namespace), limits, namespaces, what only the host's root can make (`sources`), then
root, mounts, devices, terminal, parameters, masks, the new root; then "ready" and, after "start", the user,
the capabilities, the filter and exec. `staged` is the way for a container with a user namespace of its own,
where two processes share this.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from hythe.kernel import keyring, process
from hythe.kernel import mounts as kernel_mounts
from hythe.kernel.usernamespaces import initial
from hythe.runtime.init import devices, masking, mounts, namespaces, nodes, rootfs, security, sysctl
from hythe.runtime.init.channel import Channel
from hythe.runtime.init.execute import enter_directory, environment, find_program, make_directory, run
from hythe.runtime.init.reaper import serve
from hythe.runtime.init.sources import Layers, Sources, gather

if TYPE_CHECKING:
    from hythe.kernel.cgroups import Group
    from hythe.oci.spec import Mount
    from hythe.runtime.init.scheduling import Scheduling


class Plan(NamedTuple):
    """Everything that the child needs, decided before the fork. `spec` is a valid config.json.

    `preserved`: how many descriptors from 3 on the program gets. `in_order`: mounts are listed in config.json's order
    in a user namespace, too (`order`). `session`: the container whose session keyring it joins, "" for its maker's.
    `scheduling`: None where it says nothing of it.
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
    in_order: bool = False
    session: str = ""
    scheduling: Scheduling | None = None


def become(plan: Plan, channel: Channel) -> int:
    """Set everything up, wait for the start, exec. Returns only as --init's pid 1. Raises what goes wrong.

    For a container in the host's user namespace, whose first process does all of it by itself.
    """
    process.set_dumpable(False)
    plan.group.create()
    warnings = plan.group.limit(plan.spec["linux"].get("resources") or {})
    plan.group.join()
    spec = plan.spec
    warnings += security.set_limits(spec["process"], plan.open_files)
    if plan.scheduling is not None:
        plan.scheduling.give(0)
    security.own_streams((spec["process"].get("user") or {}).get("uid", 0), terminal=plan.terminal)
    shared = namespaces.enter(spec["linux"]["namespaces"])
    channel.send("namespaces")
    prepared = mounts.all_of(spec)
    layers = Layers(plan.rootfs, plan.bundle)
    sources = gather(spec, prepared, layers, None, plan.group, enumerate(prepared))
    return complete(plan, channel, warnings, prepared, sources, shared)


def complete(
    plan: Plan,
    channel: Channel,
    warnings: list[str],
    entries: list[mounts.Prepared],
    sources: Sources,
    shared: int = -1,
) -> int:
    """From inside all namespaces, with the mounts as parsed and all that only the host's root could make.

    `shared`: a mount namespace that is not the container's own, to go to in the end.
    """
    spec = plan.spec
    prepared = security.prepare(spec["process"])
    if plan.session:
        keyring.join(plan.session)
    namespaces.name_host(spec.get("hostname"), spec.get("domainname"))
    os.umask(0)
    hooks = _Hooks(spec.get("hooks") or {}, channel)
    master = _build(plan, entries, sources, hooks)
    os.umask(0o022)
    if shared >= 0:
        rootfs.leave_for(shared)
    enter_directory(spec["process"].get("cwd") or "/")
    if channel.gate is not None:
        find_program(spec["process"]["args"][0], environment(spec["process"].get("env") or []))
    channel.send("ready", master, warnings=warnings + prepared.warnings + security.ungranted(spec["process"]))
    if master is not None:
        os.close(master)
    channel.wait_start()
    if plan.scheduling is not None:
        plan.scheduling.take()
    process.close_on_exec_from(3 + plan.preserved)  # before the filter, which may know no close_range(2)
    security.apply(spec["process"], prepared, plan.filter, channel)
    hooks.before_the_program(environment(spec["process"].get("env") or []))
    return _execute(plan, channel)


class _Hooks:
    """The container's side of the hooks. Those of the runtime's side are run by who made this process, meanwhile.

    Whoever made the plan has loaded the module that runs them, if it has any.
    """

    def __init__(self, entries: dict[str, Any], channel: Channel) -> None:
        self._entries = entries
        self._channel = channel
        self._state: dict[str, Any] = {}

    def before_the_root(self, root: int) -> None:
        """All namespaces and mounts are there, and the paths of the host still hold. `root` is where they begin.

        Raises SystemProblem.
        """
        if not self._entries:
            return
        from hythe.runtime import hooks

        if not any(self._entries.get(point) for point in hooks.BEFORE_START):
            return
        self._channel.send("mounted")
        self._state = json.loads(self._channel.wait_hooks())
        os.fchdir(root)
        os.umask(0o022)
        hooks.run("createContainer", self._entries, json.dumps(self._state))
        os.umask(0)

    def before_the_program(self, env: dict[str, str]) -> None:
        """Inside, as the program's user and under its filter, with its environment. Raises SystemProblem."""
        if self._entries.get("startContainer"):
            from hythe.runtime import hooks

            state = json.dumps({**self._state, "status": "created"})
            hooks.run("startContainer", self._entries, state, env)


def _build(plan: Plan, entries: list[mounts.Prepared], sources: Sources, hooks: _Hooks) -> int | None:
    """Make the container's file system and enter it. The terminal's master, where there is one."""
    spec, linux = plan.spec, plan.spec["linux"]
    own = namespaces.own(linux)
    sysctl.check(linux.get("sysctl") or {}, own)
    null = masking.host_null()
    kernel_mounts.make_private("/")
    root = sources.root
    rootfs.attach(root, sources.place)
    mounted = mounts.mount_all(root, entries, sources.trees, plan.group)
    for path, tree in sources.nodes:
        nodes.bind(root, path, tree)
    if mounted.dev >= 0 and initial():
        for device in linux.get("devices") or []:
            if not device["path"].startswith("/dev/"):
                devices.make(root, device)
    master = _terminal(plan, mounted) if plan.terminal else None
    mounted.seal()
    sysctl.apply(linux.get("sysctl") or {}, mounted.proc)
    masking.cover(root, mounted.proc, null, linux.get("maskedPaths") or [], linux.get("readonlyPaths") or [])
    hooks.before_the_root(root)
    read_only = bool((spec.get("root") or {}).get("readonly"))
    if read_only:
        make_directory(root, spec["process"].get("cwd") or "/")
    rootfs.enter(root, read_only=read_only, propagation=linux.get("rootfsPropagation") or "")
    mounted.close()
    os.close(null)
    os.close(root)
    return master


def _terminal(plan: Plan, mounted: mounts.Mounted) -> int:
    from hythe.runtime.init import terminal

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
