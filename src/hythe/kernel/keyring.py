"""Session keyrings (keyrings(7)): a container gets one of its own, so that it does not see its maker's keys.

A name is looked up in the user namespace of who asks, so it is joined inside of the container's, or before the fork
where there is none. An exec joins the container's by its name, which needs the permission to search that is given here.
A kernel without keyrings is passed over.
"""

from __future__ import annotations

import errno
import os

from hythe.kernel.syscall import LIBC, fail

_NUMBER = {"x86_64": 250, "aarch64": 219}
_GET_KEYRING_ID, _JOIN_SESSION_KEYRING, _DESCRIBE, _SETPERM = 0, 1, 6, 5
_THE_SESSION = -3
_POSSESSOR_AND_USER_SEARCH = 0x3F080000 | 0x00080000
_ABSENT = (errno.ENOSYS, errno.EPERM, errno.EACCES)


def join(id: str) -> None:
    """Join, or make, the session keyring "_ses.ID". Raises OSError (EDQUOT: the user has too many keys)."""
    number = _NUMBER.get(os.uname().machine)
    if number is None:
        return
    key = int(LIBC.syscall(number, _JOIN_SESSION_KEYRING, f"_ses.{id}".encode()))
    if key < 0:
        error = fail("keyctl")
        if error.errno not in _ABSENT:
            raise error
        return
    LIBC.syscall(number, _SETPERM, key, 0x3F1B0000)
