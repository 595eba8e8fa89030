"""How a container's first process comes into being: by which fork, into which namespaces.

Pid and time namespaces are chosen by the fork itself. A container with a user namespace of its own is made in two
stages (`init.staged`), any other by a plain fork (`init.container`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hythe.errors import Unsupported
from hythe.kernel.namespaces import children_in_time
from hythe.kernel.usernamespaces import initial
from hythe.runtime.fork import Born, Forker, Pipes
from hythe.runtime.init import container
from hythe.runtime.init.channel import Channel
from hythe.runtime.init.container import Plan


def born(
    forker: Forker,
    plan: Plan,
    pipes: Pipes,
    *,
    keep: tuple[int, ...] = (),
    prepare: Callable[[Channel], None] = lambda _: None,
) -> Born:
    """Fork it. `keep`: descriptors that it needs; `prepare` is called in it first. Raises OSError."""
    with _time_namespace(plan.spec["linux"]):
        if not any(one["type"] == "user" for one in plan.spec["linux"]["namespaces"]):
            return _plain(forker, plan, pipes, keep, prepare)
        return _staged(forker, plan, pipes, keep, prepare)


def _staged(
    forker: Forker, plan: Plan, pipes: Pipes, keep: tuple[int, ...], prepare: Callable[[Channel], None]
) -> Born:
    from hythe.runtime.init import staged

    def inside(line: Any, channel: Channel) -> int:
        prepare(channel)
        return staged.inside(plan, line, channel)

    def outside(pid: int, line: Any, channel: Channel) -> int:
        return staged.outside(plan, pid, line, channel, joined=group >= 0)

    kinds = staged.kinds(plan.spec)
    plan.group.create()
    group = plan.group.open()
    try:
        return forker.stage(inside, outside, pipes, kinds.joined, kinds.new, keep=keep, group=group)
    except BaseException:
        plan.group.remove()
        raise
    finally:
        if group >= 0:
            os.close(group)


def _plain(
    forker: Forker, plan: Plan, pipes: Pipes, keep: tuple[int, ...], prepare: Callable[[Channel], None]
) -> Born:
    def body(channel: Channel) -> int:
        prepare(channel)
        return container.become(plan, channel)

    path = next(
        (one.get("path", "") for one in plan.spec["linux"]["namespaces"] if one["type"] == "pid"), None
    )
    if not path:
        return forker.fork(body, pipes, None if path is None else -1, keep)
    namespace = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return forker.fork(body, pipes, namespace, keep)
    finally:
        os.close(namespace)


@contextmanager
def _time_namespace(linux: dict[str, Any]) -> Iterator[None]:
    entry = next((one for one in linux["namespaces"] if one["type"] == "time"), None)
    if entry is None:
        yield
        return
    if not initial():
        raise Unsupported(
            "a time namespace takes a daemon that is root's", hint="leave it out of the configuration"
        )
    offsets = {
        clock: (int(value.get("secs", 0)), int(value.get("nanosecs", 0)))
        for clock, value in (linux.get("timeOffsets") or {}).items()
    }
    with children_in_time(entry.get("path", ""), offsets):
        yield
