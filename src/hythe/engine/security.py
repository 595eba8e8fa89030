"""What a container may do: capabilities and the seccomp filter, from a user's --cap-add and --security-opt.

The default capabilities are the fourteen that Docker grants. The filter is an allow list: system calls that
need a capability are allowed only where the container has it, `clone` may not make namespaces, and `clone3`
answers ENOSYS, since a filter cannot look behind its pointer (the C library then falls back to `clone`).
The names are in defaults/seccomp.json; for a filter given by a user see `seccomp_check`, `seccomp_profile`.
"""

from __future__ import annotations

import errno
import json
import platform
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from hythe.engine import seccomp_check, seccomp_profile
from hythe.errors import InvalidArgument, Unsupported
from hythe.oci.spec import Seccomp, SeccompRule

ALL: Final = tuple(
    "CAP_" + name
    for name in """CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
    NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE
    SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL
    SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF
    CHECKPOINT_RESTORE""".split()
)
DEFAULT: Final = tuple(
    "CAP_" + name
    for name in """CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE
    SYS_CHROOT KILL AUDIT_WRITE""".split()
)

_NEW_NAMESPACES: Final = 0x7E020000
_AF_ALG: Final = 38
_AF_VSOCK: Final = 40
_ARCHITECTURES: Final = {
    "x86_64": ("SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"),
    "aarch64": ("SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"),
}
_PERSONALITIES: Final = (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)


def _capability(name: str, field: str) -> str:
    full = name.upper() if name.upper().startswith("CAP_") else "CAP_" + name.upper()
    if full not in ALL:
        raise InvalidArgument(
            f'invalid {field}: unknown capability: "{full}"', hint="see capabilities(7) for the names"
        )
    return full


def capabilities(add: Iterable[str], drop: Iterable[str], *, privileged: bool) -> list[str]:
    """The capabilities of a container, in the kernel's order. "ALL" is understood in both lists.

    As in dockerd, what is both added and dropped by its name is there, unless ALL is added.
    """
    if privileged:
        return list(ALL)
    adds, drops = [a.upper() for a in add], [d.upper() for d in drop]
    added = {_capability(name, "CapAdd") for name in adds if name != "ALL"}
    dropped = {_capability(name, "CapDrop") for name in drops if name != "ALL"}
    if "ALL" in adds:
        granted = set(ALL) - dropped
    elif "ALL" in drops:
        granted = added
    else:
        granted = set(DEFAULT) - dropped | added
    return [name for name in ALL if name in granted]


@cache
def _default_names() -> dict[str, Any]:
    text = (files("hythe.engine") / "defaults" / "seccomp.json").read_text()
    names: dict[str, Any] = json.loads(text)
    return names


def default_seccomp(granted: Sequence[str]) -> Seccomp:
    """The default filter for a container that has the capabilities `granted`."""
    names = _default_names()
    allowed = set(names["allow"])
    for capability, calls in names["allow_with_capability"].items():
        if capability in granted:
            allowed.update(calls)
    allowed.update(names["allow_on_machine"].get(platform.machine(), ()))
    rules: list[SeccompRule] = [
        {"names": sorted(allowed), "action": "SCMP_ACT_ALLOW"},
    ]
    for operator, family in (
        ("SCMP_CMP_LT", _AF_ALG),
        ("SCMP_CMP_EQ", _AF_ALG + 1),
        ("SCMP_CMP_GT", _AF_VSOCK),
    ):
        rules.append(
            {
                "names": ["socket"],
                "action": "SCMP_ACT_ALLOW",
                "args": [{"index": 0, "value": family, "op": operator}],
            }
        )
    for personality in _PERSONALITIES:
        rules.append(
            {
                "names": ["personality"],
                "action": "SCMP_ACT_ALLOW",
                "args": [{"index": 0, "value": personality, "op": "SCMP_CMP_EQ"}],
            }
        )
    if "clone" not in allowed:
        masked = {"index": 0, "value": _NEW_NAMESPACES, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}
        rules.append({"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [masked]})  # type: ignore[list-item]
        rules.append({"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno.ENOSYS})
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": errno.EPERM,
        "architectures": list(_ARCHITECTURES.get(platform.machine(), ())),
        "syscalls": rules,
    }


_KNOWN: Final = "known are no-new-privileges, seccomp, apparmor, systempaths and label"
_SELINUX: Final = Path("/sys/fs/selinux/enforce")
_LABELS: Final = ("user", "role", "type", "level", "filetype", "nested")


def _boolean(option: str, value: str) -> bool:
    """Go's words, which clients send."""
    if value in ("1", "t", "T", "true", "True", "TRUE"):
        return True
    if value in ("0", "f", "F", "false", "False", "FALSE"):
        return False
    raise InvalidArgument(f"invalid --security-opt 2: {option!r}", hint="write true or false")


def _check_label(option: str, value: str) -> None:
    """Without SELinux a label changes nothing, and is taken as dockerd takes it; with it, it may not be ignored."""
    if value == "disable":
        return
    if value.partition(":")[0] not in _LABELS:
        raise InvalidArgument(
            f"invalid --security-opt 2: {option!r}", hint="one of disable, " + ", ".join(_LABELS)
        )
    if _SELINUX.exists():
        raise Unsupported(
            f"--security-opt {option}: this host has SELinux, and labels are not supported",
            hint="label=disable runs the container without a label of its own",
        )


class SecurityOptions:
    """`--security-opt` parsed: no-new-privileges, seccomp, apparmor. Anything else is refused by name."""

    def __init__(self, options: Sequence[str], *, privileged: bool) -> None:
        self.no_new_privileges = False
        self.apparmor: str | None = None
        self.custom_seccomp: Seccomp | None = None
        self.confined = not privileged
        self.unmask = privileged
        for option in options:
            self._take(option)

    def _take(self, option: str) -> None:
        key, separator, value = option.partition("=")
        if not separator:
            key, separator, value = option.partition(":")
        if key == "no-new-privileges":
            self.no_new_privileges = _boolean(option, value) if separator else True
        elif not separator:
            raise InvalidArgument(f"invalid --security-opt 1: {option!r}", hint=_KNOWN)
        elif key == "seccomp":
            self._take_seccomp(value)
        elif key == "apparmor":
            self.apparmor = value
        elif key == "systempaths" and value == "unconfined":
            self.unmask = True
        elif key == "label":
            _check_label(option, value)
        else:
            raise InvalidArgument(f"invalid --security-opt 2: {option!r}", hint=_KNOWN)

    def _take_seccomp(self, value: str) -> None:
        if value in ("unconfined", "builtin"):
            self.confined = value == "builtin"
            return
        try:
            profile = json.loads(value)
        except ValueError as error:
            raise InvalidArgument(f"the seccomp profile is not JSON: {error}") from error
        if not isinstance(profile, dict) or "defaultAction" not in profile:
            raise InvalidArgument("the seccomp profile has no defaultAction")
        seccomp_check.check(profile, ALL)
        self.custom_seccomp = profile  # type: ignore[assignment]

    def seccomp(self, granted: Sequence[str]) -> Seccomp | None:
        """The filter in OCI form, or None for a container that has none."""
        if self.custom_seccomp is not None:
            return seccomp_profile.resolve(self.custom_seccomp, granted)
        return default_seccomp(granted) if self.confined else None
