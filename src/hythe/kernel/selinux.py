"""SELinux (selinux(8)): is it on, and under which label a process's next exec runs, or its next key is made.

A process writes a label to its own attribute; the kernel refuses one that its policy does not have. Mounts are labelled
by the option "context" of their file system.

Kept out: the policy itself, loading it, and which label goes to whom.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from hythe.errors import Unsupported

_FOLDER: Final = "/sys/fs/selinux/enforce"
_EXEC: Final = "/proc/self/attr/exec"
_KEY: Final = "/proc/self/attr/keycreate"


def enabled() -> bool:
    """Whether this kernel has it, and its file system is mounted: the policy's tools see to that."""
    return os.path.exists(_FOLDER)  # noqa: PTH110 - pathlib is slow to import


def must_be_on(what: str) -> None:
    """Raises Unsupported, for `what`, where labels would have no effect."""
    if not enabled():
        raise Unsupported(
            f"{what}: SELinux is not on in this kernel, so labels have no effect",
            hint="leave the label out, or start the kernel with security=selinux and load a policy",
        )


def attribute() -> int:
    """Open what `on_exec` writes to, on the host's /proc."""
    return os.open(_EXEC, os.O_WRONLY | os.O_CLOEXEC)


def on_exec(attribute: int, label: str) -> None:
    """Label the program that this process executes next, and close `attribute`. Raises OSError."""
    try:
        os.write(attribute, label.encode())
    except OSError as error:
        raise OSError(error.errno, f"the SELinux label {label!r} was refused: {error.strerror}") from error
    finally:
        os.close(attribute)


@contextmanager
def keys(label: str) -> Iterator[None]:
    """Within: keys that this process makes have the label. Raises OSError."""
    _set_key_label(label)
    try:
        yield
    finally:
        _set_key_label("")


def _set_key_label(label: str) -> None:
    descriptor = os.open(_KEY, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, (label or "\n").encode())
    except OSError as error:
        raise OSError(error.errno, f"the SELinux label {label!r} was refused: {error.strerror}") from error
    finally:
        os.close(descriptor)
