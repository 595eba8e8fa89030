"""From a bundle to a container whose first process is set up: what `create` and `run` share.

Everything is checked, then done step by step with what takes it back; a failure leaves nothing. The child is
forked from this process, as from the warden: the same code runs in it.
"""

from __future__ import annotations

import os
import resource
import socket
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from hythe.errors import InvalidArgument
from hythe.kernel import identity, keyring
from hythe.runtime.command import bundle as bundles
from hythe.runtime.command import (
    console,
    conversation,
    filters,
    forking,
    groups,
    guard,
    jsonfile,
    report,
)
from hythe.runtime.command.context import Context
from hythe.runtime.command.flags import Flag
from hythe.runtime.command.folder import START_SOCKET, Folder, State, described
from hythe.runtime.command.undo import Undo
from hythe.runtime.fork import Born
from hythe.runtime.init import container as first
from hythe.runtime.init import namespaces
from hythe.runtime.init.gate import CREATED

if TYPE_CHECKING:
    from hythe.kernel.cgroups import Group

FLAGS: tuple[Flag, ...] = (
    ("bundle b", "text", "folder of the bundle (default: the working directory)"),
    ("console-socket", "text", "unix socket that is sent the terminal's master"),
    ("pid-file", "text", "file to write the pid to"),
    ("no-pivot", "switch", "refused: the root is always entered by pivot_root"),
    ("no-new-keyring", "switch", "keep the caller's session keyring"),
    ("preserve-fds", "number", "how many further descriptors the program gets, from 3 on"),
)


class Launched(NamedTuple):
    """A container that is set up and waits for "start" on `line`. `master` is its terminal's, or -1."""

    folder: Folder
    state: State
    group: Group
    line: socket.socket
    master: int


def check(options: dict[str, Any]) -> int:
    """How many descriptors are to be preserved. Raises InvalidArgument for options that cannot be honoured."""
    if options["no_pivot"]:
        raise InvalidArgument(
            "--no-pivot is not supported: without pivot_root the host's root stays in reach",
            hint="put the bundle on a file system that is not the initial ramdisk",
        )
    return preserved(options["preserve_fds"])


def preserved(wanted: int) -> int:
    """`wanted` and those of socket activation ($LISTEN_FDS). Raises InvalidArgument where one is not open."""
    activation = os.environ.get("LISTEN_FDS", "")
    count = wanted + (int(activation) if activation.isdigit() else 0)
    for fd in range(3, 3 + count):
        try:
            os.fstat(fd)
        except OSError as error:
            raise InvalidArgument(f"--preserve-fds {wanted}: descriptor {fd} is not open") from error
    return count


def launch(context: Context, id: str, options: dict[str, Any], undo: Undo, *, kind: str) -> Launched:
    """`kind`: "created" (waits at a gate), "detached" or "foreground". The caller keeps or takes back."""
    count = check(options)
    guard.protect()
    folder = Folder(context.root, id)
    bundle = bundles.load(options["bundle"], id)
    spec = bundle.spec
    if bundle.unknown and context.log:
        report.log(context, "warning", f"config.json: no effect have {', '.join(bundle.unknown)}")
    terminal = bool(spec["process"].get("terminal"))
    console.check(terminal=terminal, detached=kind != "foreground", console_socket=options["console_socket"])
    filter = filters.compiled(spec["linux"].pop("seccomp", None))
    listening = os.environ.get("LISTEN_FDS")
    if listening:
        spec["process"]["env"] = [
            *(spec["process"].get("env") or ()),
            f"LISTEN_FDS={listening}",
            "LISTEN_PID=1",
        ]
    group = groups.find(spec["linux"]["cgroupsPath"], spec["linux"].get("resources"))
    groups.must_be_usable(group)
    folder.make()
    undo.add(folder.remove)
    if filter is not None:
        filters.keep(folder.path, filter)
    if not options["no_new_keyring"]:
        _new_keyring(id, spec["process"].get("selinuxLabel"))
    undo.add(group.remove)
    undo.add(group.kill)
    init = (spec.get("annotations") or {}).get("org.hythe.init") == "true"
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    plan = first.Plan(
        spec,
        bundle.path,
        [],
        group,
        filter,
        terminal,
        init,
        limits,
        count,
        in_order=True,
        scheduling=bundle.scheduling,
    )
    gate = conversation.listen(folder.path, START_SOCKET) if kind == "created" else None
    made = forking.first_process(plan, gate, count)
    undo.add(lambda: end(made.pid))
    state = _state(folder, bundle, made)
    draft = folder.drafted(state)  # while the child is at work
    warnings, master = conversation.until_ready(
        made.channel, lambda: _hand_over(bundle, made.pid), lambda: _run_hooks(bundle, state, made.channel)
    )
    for warning in warnings:
        report.log(context, "warning", warning)
    if options["console_socket"]:
        console.hand_over(master, options["console_socket"])
        master = -1
    draft.publish()
    if options["pid_file"]:
        jsonfile.write_text(options["pid_file"], str(state["pid"]), 0o644)
    if gate is not None:
        gate.close()
        made.channel.send(CREATED)
    return Launched(folder, state, group, made.channel, master)


def _new_keyring(id: str, label: str | None) -> None:
    if not label:
        keyring.join(id)
        return
    from hythe.kernel import selinux

    with selinux.keys(label):
        keyring.join(id)


def _hand_over(bundle: bundles.Bundle, pid: int) -> None:
    """The network devices that it is to have. Raises Conflict, OSError."""
    if bundle.devices:
        from hythe.runtime.command import netdevices

        netdevices.hand_over(bundle.devices, pid)


def _state(folder: Folder, bundle: bundles.Bundle, made: Born) -> State:
    linux = bundle.spec["linux"]
    now = time.time_ns()
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now // 10**9))
    return {
        "id": folder.id,
        "pid": made.pid,
        "start_time": identity.start_time(made.pid),
        "bundle": bundle.path,
        "rootfs": bundle.rootfs,
        "cgroup": linux["cgroupsPath"],
        "own_pid": "pid" in namespaces.own(linux),
        "own_mounts": "mount" in namespaces.own(linux),
        "created": f"{seconds}.{now % 10**9:09}Z",
        "owner": "root" if os.getuid() == 0 else str(os.getuid()),
        "annotations": bundle.spec.get("annotations") or {},
        "hooks": {point: bundle.hooks[point] for point in ("poststart", "poststop") if point in bundle.hooks},
        "resources": linux.get("resources") or {},
        "linux": bundle.inherited,
    }


def _run_hooks(bundle: bundles.Bundle, state: State, line: socket.socket) -> None:
    """In the runtime's own namespaces, while the child waits. Raises SystemProblem."""
    from hythe.runtime import hooks

    text = jsonfile.encode(described(state, "creating"))
    hooks.run("prestart", bundle.hooks, text)
    hooks.run("createRuntime", bundle.hooks, text)
    conversation.proceed(line, text)


def end(pid: int) -> None:
    """Kill and reap."""
    try:
        os.kill(pid, 9)
    except ProcessLookupError:
        pass
    os.waitpid(pid, 0)
