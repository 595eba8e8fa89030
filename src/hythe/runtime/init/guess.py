"""What the next container will most likely have: what the last one had, where that is alike for all.

A spare (`spare`) makes this before there is a plan: the mounts of the kernel's own trees, and the control group's rules
for devices. A plan that says otherwise is not harmed: it takes what it asks for word by word, the rest is let go of.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hythe.runtime.init.mounts import Prepared, kernels_own, parse_all

if TYPE_CHECKING:
    from hythe.kernel.cgroups import Group
    from hythe.oci.spec import Mount

_ALIKE: Final = ("proc", "sysfs", "cgroup", "cgroup2")
"""Their roots' owners do not depend on the mapping, which is not known yet."""


class Guess(NamedTuple):
    """`mounts` and `devices` as in config.json: mounts, linux.resources.devices."""

    mounts: list[Mount]
    devices: list[dict[str, Any]]


NOTHING: Final = Guess([], [])
_EVERYTHING: Final = {"allow": True, "access": "rwm"}


def like(spec: dict[str, Any]) -> Guess:
    """From the last container's config.json."""
    linux = spec["linux"]
    devices = (linux.get("resources") or {}).get("devices") or []
    return Guess([one for one in spec.get("mounts") or [] if one.get("type") in _ALIKE], devices)


class Made:
    """Detached mounts, by what they were made for: those of the kernel's own trees."""

    def __init__(self, guess: Guess, group: Group) -> None:
        """In a container's namespaces, that of control groups included. Raises OSError."""
        self._trees = {one: kernels_own(one, group) for one in parse_all(guess.mounts)}

    def take(self, one: Prepared) -> list[int] | None:
        """As `mounts.kernels_own`; the descriptors are the caller's then."""
        return self._trees.pop(one, None)

    def close(self) -> None:
        """What nobody has taken."""
        for trees in self._trees.values():
            for fd in trees:
                os.close(fd)
        self._trees.clear()


def remaining(resources: dict[str, Any], guess: Guess) -> dict[str, Any]:
    """What is still to be set of linux.resources. Rules for devices that were guessed wrong are taken back first."""
    wanted = resources.get("devices") or []
    if wanted == guess.devices:
        return {name: value for name, value in resources.items() if name != "devices"}
    return {**resources, "devices": [_EVERYTHING, *wanted]} if guess.devices else resources
