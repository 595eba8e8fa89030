"""Capabilities (capabilities(7)): names, and the five sets of a process.

The sets are put in place around the change of user: the bounding set first (it needs CAP_SETPCAP), then, with
"keep capabilities" on so that setuid(2) does not clear them, the effective, permitted and inheritable sets by
capset(2), and last the ambient set, which may only hold what is both permitted and inheritable.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from functools import cache
from typing import Final

from hythe.kernel.syscall import libc_call, syscall

NAMES: Final = tuple(
    """CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
    NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT
    SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE
    AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ
    PERFMON BPF CHECKPOINT_RESTORE""".split()
)
"""In the kernel's order: the index is the bit (include/uapi/linux/capability.h)."""

_PR_CAPBSET_DROP: Final = 24
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_RAISE: Final = 2
_PR_CAP_AMBIENT_CLEAR_ALL: Final = 4
_VERSION_3: Final = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def mask(names: Iterable[str]) -> int:
    """The bits of "CAP_KILL" and the like; names that are none have no bit."""
    bits = 0
    for name in names:
        bare = name.upper().removeprefix("CAP_")
        if bare in NAMES:
            bits |= 1 << NAMES.index(bare)
    return bits


def split(names: Iterable[str], last: int) -> tuple[list[str], list[str]]:
    """(known, unknown) to a kernel whose highest bit is `last`: the names may come from another kernel's time."""
    given = list(names)
    known = [name for name in given if name.upper().removeprefix("CAP_") in NAMES[: last + 1]]
    return known, [name for name in given if name not in known]


@cache
def last_known() -> int:
    """The highest bit that this kernel knows, whatever NAMES lists."""
    with open("/proc/sys/kernel/cap_last_cap", "rb", buffering=0) as file:
        return int(file.read())


def limit_bounding(keep: int, last: int) -> None:
    """Drop everything but `keep` from the bounding set, up to bit `last`."""
    for bit in range(last + 1):
        if not keep >> bit & 1:
            libc_call("prctl", _PR_CAPBSET_DROP, bit, 0, 0, 0)


def held() -> tuple[int, int, int]:
    """(effective, permitted, inheritable) of this process."""
    header = _Header(_VERSION_3, 0)
    data = (_Data * 2)()
    syscall("capget", ctypes.byref(header), ctypes.byref(data))
    low, high = data
    return (
        low.effective | high.effective << 32,
        low.permitted | high.permitted << 32,
        low.inheritable | high.inheritable << 32,
    )


def set_held(effective: int, permitted: int, inheritable: int) -> None:
    """capset(2) for this process. Raises OSError (EPERM for what is not permitted now)."""
    header = _Header(_VERSION_3, 0)
    data = (_Data * 2)()
    for half, shift in ((0, 0), (1, 32)):
        data[half].effective = effective >> shift & 0xFFFFFFFF
        data[half].permitted = permitted >> shift & 0xFFFFFFFF
        data[half].inheritable = inheritable >> shift & 0xFFFFFFFF
    syscall("capset", ctypes.byref(header), ctypes.byref(data))


def set_ambient(bits: int) -> None:
    """Replace the ambient set; every bit must be permitted and inheritable."""
    libc_call("prctl", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    for bit in range(bits.bit_length()):
        if bits >> bit & 1:
            libc_call("prctl", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, bit, 0, 0)
