"""AppArmor (apparmor(7)): is it there, which profiles are loaded, and under which one the next exec runs.

A process writes "exec NAME" to its own attribute, and the program that it then executes is confined by that
profile. The attribute below attr/apparmor is AppArmor's alone; kernels before 5.1 have only attr/exec, which
belongs to whichever security module came first.

Kept out: the policy itself, and loading it.
"""

from __future__ import annotations

import os
from typing import Final

from hythe.errors import InvalidArgument, Unsupported

UNCONFINED: Final = "unconfined"
_ENABLED: Final = "/sys/module/apparmor/parameters/enabled"
_PROFILES: Final = "/sys/kernel/security/apparmor/profiles"
_ATTRIBUTES: Final = ("/proc/self/attr/apparmor/exec", "/proc/self/attr/exec")


def enabled() -> bool:
    """Whether this kernel confines by AppArmor."""
    try:
        with open(_ENABLED) as file:
            return file.read(1) == "Y"
    except FileNotFoundError:
        return False


def loaded(name: str) -> bool | None:
    """Whether the kernel has the profile; None where its list cannot be read (securityfs is not mounted)."""
    try:
        with open(_PROFILES) as file:
            return any(line.rpartition(" (")[0] == name for line in file)
    except OSError:
        return None


def attribute(name: str) -> int:
    """Open what `change_on_exec` writes to, on the host's /proc. -1 where nothing is to be confined.

    Raises Unsupported without AppArmor, InvalidArgument for a profile that is not loaded.
    """
    if name in ("", UNCONFINED):
        return -1
    if not enabled():
        raise Unsupported(
            f"the AppArmor profile {name!r} cannot be applied: this kernel has no AppArmor, or it is off",
            hint="leave the profile out, or start the kernel with apparmor=1 security=apparmor",
        )
    if loaded(name) is False:
        raise InvalidArgument(
            f"apparmor failed to apply profile: there is no profile {name!r}",
            hint="load it with apparmor_parser(8)",
        )
    for path in _ATTRIBUTES:
        try:
            return os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
    raise Unsupported(f"the AppArmor profile {name!r} cannot be applied: {_ATTRIBUTES[-1]} is missing")


def change_on_exec(attribute: int, name: str) -> None:
    """Confine the program that this process executes next, and close `attribute`. Raises OSError."""
    try:
        os.write(attribute, f"exec {name}".encode())
    except OSError as error:
        raise OSError(error.errno, f"the AppArmor profile {name!r} was refused: {error.strerror}") from error
    finally:
        os.close(attribute)
