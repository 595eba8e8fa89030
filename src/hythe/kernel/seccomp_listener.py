"""SCMP_ACT_NOTIFY: system calls that a process outside answers, and the descriptor by which it is asked.

The kernel gives the descriptor (seccomp_unotify(2)) to the process that installs the filter, which from then on is
itself under the filter: whatever it would do to pass the descriptor on may be a call that waits for an answer that
nobody can give. So it says the descriptor's number by write(2), and one outside takes a copy with pidfd_getfd(2).
That leaves one call that may not notify, write itself, and with it a default action that notifies.

Kept out: who is told (`runtime.listener`); the program (`seccomp`).
"""

from __future__ import annotations

from typing import Any, Final

from hythe.errors import InvalidArgument
from hythe.kernel.syscall import syscall

NOTIFY: Final = "SCMP_ACT_NOTIFY"
NEW_LISTENER: Final = 1 << 3
_TSYNC: Final = 1
_TSYNC_ESRCH: Final = 1 << 4
_WAIT_KILLABLE_RECV: Final = 1 << 5


def address(profile: dict[str, Any]) -> tuple[str, str]:
    """The listener's socket and what it is told (listenerMetadata); "" where no rule notifies.

    Raises InvalidArgument.
    """
    if not _notifies(profile):
        return "", ""
    path = profile.get("listenerPath") or ""
    if not path:
        raise InvalidArgument(
            f"seccomp: {NOTIFY} without a listener: listenerPath is not set",
            hint="give the path of the socket on which the agent listens",
        )
    if not isinstance(path, str) or not path.startswith("/") or "\0" in path:
        raise InvalidArgument(f"seccomp: listenerPath {path!r} is not an absolute path")
    return path, profile.get("listenerMetadata") or ""


def flags(profile: dict[str, Any], bits: int) -> int:
    """The flags `bits` of seccomp(2) with those that a listener needs. Raises InvalidArgument."""
    if not _notifies(profile):
        if bits & _WAIT_KILLABLE_RECV:
            raise InvalidArgument(
                f"seccomp: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV without a rule with {NOTIFY}",
                hint="leave out the flag: it says how a listener is waited for",
            )
        return bits
    # Without the second the call would answer with a thread's id, where it is to answer with the descriptor.
    return bits | NEW_LISTENER | (_TSYNC_ESRCH if bits & _TSYNC else 0)


def _notifies(profile: dict[str, Any]) -> bool:
    if profile.get("defaultAction") == NOTIFY:
        raise InvalidArgument(
            f"seccomp: {NOTIFY} cannot be used as default action", hint="name the calls in a rule"
        )
    names = [rule["names"] for rule in profile.get("syscalls") or () if rule["action"] == NOTIFY]
    if any("write" in one for one in names):
        raise InvalidArgument(
            f"seccomp: {NOTIFY} cannot be used for the write syscall",
            hint="the listener is told of the container by write(2)",
        )
    return bool(names)


def take(pidfd: int, number: int) -> int:
    """A close-on-exec copy of descriptor `number` of a process. Raises OSError."""
    return syscall("pidfd_getfd", pidfd, number, 0)
