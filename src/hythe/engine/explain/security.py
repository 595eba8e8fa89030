"""What the container's first process may do: capabilities, seccomp, no_new_privs, security modules."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from hythe.engine.explain.subject import Subject
from hythe.kernel.capabilities import last_known
from hythe.kernel.procfs import capability_names, read_label, read_status

_SECCOMP: Final = {0: "off", 1: "strict", 2: "filter"}


class Security(Struct):
    """The sets by name, as "CAP_KILL". `known` is how many capabilities this kernel has.

    `seccomp` is off, strict or filter; `filters` None where the kernel does not count them. Labels are "" where
    the kernel has no such module.
    """

    shown_by: list[str]
    known: int
    effective: list[str]
    permitted: list[str]
    inheritable: list[str]
    bounding: list[str]
    ambient: list[str]
    seccomp: str
    filters: int | None
    no_new_privileges: bool
    apparmor: str
    selinux: str


def security(subject: Subject) -> Security:
    pid = subject.pid
    status = read_status(pid)
    apparmor = read_label(pid, "apparmor")
    other = None if apparmor else read_label(pid, "")
    return Security(
        shown_by=[f"/proc/{pid}/status", f"/proc/{pid}/attr"],
        known=last_known() + 1,
        effective=capability_names(status.effective),
        permitted=capability_names(status.permitted),
        inheritable=capability_names(status.inheritable),
        bounding=capability_names(status.bounding),
        ambient=capability_names(status.ambient),
        seccomp=_SECCOMP.get(status.seccomp, str(status.seccomp)),
        filters=status.filters,
        no_new_privileges=status.no_new_privileges,
        apparmor=apparmor or "",
        selinux=other if other and ":" in other else "",
    )
