"""The `process` object of config.json: program, environment, user, rights, limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hythe.engine import apparmor
from hythe.engine.model import Container
from hythe.engine.security import SecurityOptions, capabilities
from hythe.engine.users import ResolvedUser
from hythe.oci.spec import Capabilities, Process, Rlimit

DEFAULT_PATH: Final = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def capability_sets(granted: list[str], uid: int) -> Capabilities:
    """For root all sets but the inheritable and ambient; for others only the bounding set (as Docker does)."""
    effective = granted if uid == 0 else []
    return {"bounding": granted, "effective": effective, "permitted": effective}


def environment(container: Container, user: ResolvedUser, linked: Sequence[str] = ()) -> list[str]:
    """The process's environment: PATH, HOSTNAME, TERM, HOME and `linked` where neither image nor user set them."""
    given = {entry.partition("=")[0] for entry in container.env}
    first = [] if "PATH" in given else [DEFAULT_PATH]
    if "HOSTNAME" not in given:
        first.append(f"HOSTNAME={container.hostname}")
    if container.spec.tty and "TERM" not in given:
        first.append("TERM=xterm")
    first += [entry for entry in linked if entry.partition("=")[0] not in given]
    last = [] if "HOME" in given else [f"HOME={user.home}"]
    return first + container.env + last


def process(container: Container, user: ResolvedUser, linked: Sequence[str] = ()) -> Process:
    """The container's main process; an exec starts from the same and changes some fields.

    `linked`: variables that tell of the containers it is linked to.
    """
    host = container.spec.host
    options = SecurityOptions(host.security_opt, privileged=host.privileged)
    granted = capabilities(host.cap_add, host.cap_drop, privileged=host.privileged)
    limits: list[Rlimit] = [
        {"type": "RLIMIT_" + limit.name.upper(), "soft": limit.soft, "hard": limit.hard}
        for limit in host.ulimits
    ]
    result: Process = {
        "terminal": container.spec.tty,
        "user": {
            "uid": user.uid,
            "gid": user.gid,
            "additionalGids": [user.gid, *(g for g in user.groups if g != user.gid)],
        },
        "args": container.args,
        "env": environment(container, user, linked),
        "cwd": container.working_dir or "/",
        "capabilities": capability_sets(granted, user.uid),
        "rlimits": limits,
        "noNewPrivileges": options.no_new_privileges,
    }
    if host.oom_score_adj:
        result["oomScoreAdj"] = host.oom_score_adj
    confined = apparmor.profile(options.apparmor, privileged=host.privileged)
    if confined:
        result["apparmorProfile"] = confined
    return result
