"""Modules for what only some containers have: a terminal, a filter, layers.

A command that makes one container has no time for the others; the warden loads them all. A child can import nothing
(`runtime.fork`), so whoever forks it does so beforehand.
"""

from __future__ import annotations


def load(*, terminal: bool, filtered: bool) -> None:
    """What `container` and `joined` need in a child with a terminal, or with a system call filter."""
    if terminal:
        import hythe.runtime.init.terminal
    if filtered:
        import hythe.kernel.seccomp  # noqa: F401


def load_all() -> None:
    load(terminal=True, filtered=True)
    import hythe.kernel.overlay
    import hythe.kernel.selinux  # noqa: F401
