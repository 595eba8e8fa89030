"""The interpreter's file, kept from the container (CVE-2019-5736).

A container whose program is /proc/self/exe, or a script that is interpreted by it, runs the file that set it up: the
host's interpreter. From then on it holds that file, and root in it could write to it. So before a container is
forked this process has to run from a file that cannot be written to by the way that it was opened: on a read-only
mount (`warm`), or else from a read-only clone of its mount that is attached nowhere, or from a sealed copy in memory
where there may be no such clone. For these two it executes itself once more, which costs a second start.
"""

from __future__ import annotations

import os
import sys

from hythe.errors import SystemProblem
from hythe.kernel import mounts

_SELF = "/proc/self/exe"
_SEALS = 0x1F
_ADD_SEALS, _GET_SEALS = 1033, 1034
_MARK = "HYTHE_RUNTIME_GUARDED"


def protect() -> None:
    """Return if this process is safe to fork a container from; else it becomes one that is.

    Raises SystemProblem where that does not help.
    """
    if _safe():
        return
    if _MARK in os.environ:
        raise SystemProblem("the interpreter cannot be kept from the container", hint="mount a tmpfs at /run")
    program = _clone()
    environment = {**os.environ, _MARK: "1"}
    os.execve(f"/proc/self/fd/{program}", sys.orig_argv, environment)


def _safe() -> bool:
    if os.statvfs(_SELF).f_flag & os.ST_RDONLY:
        return True
    if os.geteuid() != 0 and not os.access(_SELF, os.W_OK):
        return True  # nor may the container's root, who is this user outside
    import fcntl

    fd = os.open(_SELF, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return fcntl.fcntl(fd, _GET_SEALS) == _SEALS
    except OSError:
        return False
    finally:
        os.close(fd)


def _clone() -> int:
    path = os.path.realpath(_SELF)
    try:
        return mounts.clone(path, read_only=True)
    except OSError:
        return _copy(path)


def _copy(path: str) -> int:
    import fcntl

    source = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    copy = os.memfd_create("python", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        while os.sendfile(copy, source, None, 1 << 30):
            pass
    finally:
        os.close(source)
    os.fchmod(copy, 0o755)
    fcntl.fcntl(copy, _ADD_SEALS, _SEALS)
    return copy
