"""From root with every capability to what the process is to be.

The order matters: limits and groups while still privileged; the seccomp filter before capabilities are given
up, unless no_new_privs stands in for them, in which case it comes last and so need not allow the steps
between. Sources: credentials(7), capabilities(7), seccomp(2).
"""

from __future__ import annotations

import ctypes
import os
from typing import Any, NamedTuple

from hythe.errors import InvalidArgument
from hythe.kernel import apparmor, capabilities, process
from hythe.kernel.owners import single
from hythe.kernel.syscall import syscall
from hythe.runtime.init.channel import Channel


class Filter(NamedTuple):
    """A compiled seccomp profile. `path`, `metadata`: as `seccomp_listener.address`."""

    program: bytes
    flags: int
    path: str = ""
    metadata: str = ""


class Prepared(NamedTuple):
    """What has to be opened on the host, before its root is left.

    `apparmor`, `selinux`: this process's attribute or -1; `profile`, `label`: what is to be written there.
    """

    apparmor: int
    profile: str
    selinux: int
    label: str
    last_capability: int
    warnings: list[str]


def set_limits(spec: dict[str, Any], files: tuple[int, int], *, pid: int = 0) -> list[str]:
    """Give a process, 0 for this one, its resource limits and its OOM score; warnings for the user.

    It takes the host's root. `files`: open files, as before the warden raised them.
    """
    warnings: list[str] = []
    score = spec.get("oomScoreAdj")
    if score is not None:
        try:
            with open(f"/proc/{pid or 'self'}/oom_score_adj", "w") as file:
                file.write(str(score))
        except OSError as error:
            warnings.append(f"oom score {score} could not be set: {error.strerror}")
    given = {limit["type"] for limit in spec.get("rlimits") or ()}
    if "RLIMIT_NOFILE" not in given:
        process.set_limit("RLIMIT_NOFILE", *files, pid=pid)
    for limit in spec.get("rlimits") or ():
        warning = process.set_limit(limit["type"], limit["soft"], limit["hard"], pid=pid)
        if warning:
            warnings.append(warning)
    return warnings


def prepare(spec: dict[str, Any]) -> Prepared:
    """Open what is to be found on the host's /proc alone. Raises InvalidArgument, Unsupported."""
    warnings: list[str] = []
    sets, last = spec.get("capabilities") or {}, capabilities.last_known()
    warnings += _odd_capabilities(sets, last)
    profile = spec.get("apparmorProfile") or ""
    label, labelled = spec.get("selinuxLabel") or "", -1
    if label:
        from hythe.kernel import selinux

        labelled = selinux.attribute()
    return Prepared(apparmor.attribute(profile), profile, labelled, label, last, warnings)


def _odd_capabilities(sets: dict[str, Any], last: int) -> list[str]:
    """Warnings for what `apply` leaves out, as runc does."""
    unknown = {name for key in _SETS for name in capabilities.split(sets.get(key) or (), last)[1]}
    given = {key: {name.upper() for name in sets.get(key) or ()} for key in _SETS}
    idle = given["ambient"] - (given["permitted"] & given["inheritable"])
    warnings = []
    if unknown:
        warnings.append(
            f"capabilities that this kernel does not know were left out: {', '.join(sorted(unknown))}"
        )
    if idle:
        warnings.append(
            "ambient capabilities that are not both permitted and inheritable were left out: "
            + ", ".join(sorted(idle))
        )
    return warnings


def own_streams(uid: int, *, terminal: bool) -> None:
    """Give the streams to the user, who may want to open /dev/stdout again; the null device stays root's."""
    for fd in (0,) if terminal else (0, 1, 2):
        status = os.fstat(fd)
        if status.st_uid != uid and status.st_rdev != os.makedev(1, 3):
            try:
                os.fchown(fd, uid, -1)
            except OSError:
                continue  # a client's socket or a file on a read-only mount: it stays as it is


def apply(spec: dict[str, Any], prepared: Prepared, filter: Filter | None, channel: Channel) -> None:
    """Become the process's user with its capabilities. Nothing privileged can be done after it."""
    if prepared.apparmor >= 0:
        apparmor.change_on_exec(prepared.apparmor, prepared.profile)
    if prepared.selinux >= 0:
        from hythe.kernel import selinux

        selinux.on_exec(prepared.selinux, prepared.label)
    no_new_privileges = bool(spec.get("noNewPrivileges"))
    if no_new_privileges:
        process.no_new_privileges()
    elif filter is not None:
        _install(filter, channel)
    _become(spec, prepared.last_capability)
    if no_new_privileges and filter is not None:
        _install(filter, channel)


def ungranted(spec: dict[str, Any]) -> list[str]:
    """A warning for capabilities that the process is to have and will not, since we do not hold them ourselves.

    Called inside the user namespace. That it is no error: runtime-spec, config.md, `process.capabilities`.
    """
    held = capabilities.held()[1]
    wanted = {name for names in (spec.get("capabilities") or {}).values() for name in names or ()}
    missing = sorted(name for name in wanted if (bit := capabilities.mask([name])) and not bit & held)
    return [f"capabilities that cannot be given here were left out: {', '.join(missing)}"] if missing else []


def _install(filter: Filter, channel: Channel) -> None:
    from hythe.kernel import seccomp

    try:
        seccomp.install(filter.program, filter.flags, channel.give_listener)
    except OSError as error:
        raise OSError(error.errno, f"the seccomp filter was refused: {error.strerror}") from error


def _become(spec: dict[str, Any], last: int) -> None:
    user, sets = spec.get("user") or {}, spec.get("capabilities") or {}
    masks = {name: capabilities.mask(capabilities.split(sets.get(name) or (), last)[0]) for name in _SETS}
    # What the host's root itself does not hold cannot be given.
    held = capabilities.held()[1]
    masks = {name: bits & held for name, bits in masks.items()}
    capabilities.limit_bounding(masks["bounding"], last)
    process.keep_capabilities(True)
    groups = list(user.get("additionalGids") or ())
    array = (ctypes.c_uint32 * len(groups))(*groups)
    uid, gid = user.get("uid", 0), user.get("gid", 0)
    try:
        _set_groups(len(groups), array)
        syscall("setresgid", gid, gid, gid)
        syscall("setresuid", uid, uid, uid)
    except OSError as error:
        hint = "the daemon has one id alone here, see hythe info" if single() else None
        raise InvalidArgument(f"cannot become user {uid}:{gid}: {error.strerror}", hint=hint) from error
    process.keep_capabilities(False)
    permitted = masks["permitted"]
    capabilities.set_held(masks["effective"] & permitted, permitted, masks["inheritable"])
    if masks["ambient"]:
        capabilities.set_ambient(masks["ambient"] & permitted & masks["inheritable"])
    os.umask(user.get("umask", 0o022))


def _set_groups(count: int, array: ctypes.Array[ctypes.c_uint32]) -> None:
    """Where an ordinary user has one id alone there are no other groups, and setgroups(2) is forbidden."""
    try:
        syscall("setgroups", count, ctypes.byref(array))
    except PermissionError:
        if not single():
            raise


_SETS = ("bounding", "effective", "inheritable", "permitted", "ambient")
