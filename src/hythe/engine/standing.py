"""What the daemon's own place on the machine means for the engine: the host's root, or root of a user's namespaces."""

from __future__ import annotations

from dataclasses import dataclass

from hythe.base.sockets import Bind


@dataclass(frozen=True)
class Standing:
    """`bind` takes ports of the host, None where the daemon does that by itself. `lifelines`: descriptors that the
    warden is to hold open. `warnings`: what is missing here, for users to see.
    """

    bind: Bind | None = None
    lifelines: tuple[int, ...] = ()
    warnings: tuple[str, ...] = ()
    rootless: bool = False
