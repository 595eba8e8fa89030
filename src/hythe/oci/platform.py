"""Platforms as images give them, "os/architecture[/variant]" with Go's names (image-spec, image-index.md, `platform`).

`choose` is the rule by which one image of an index is taken: the very platform if it is there, else an older variant of
the same architecture, the newest first, since such a machine runs it too.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hythe.errors import InvalidArgument
from hythe.oci.manifest import Descriptor

_ARCHITECTURES: Final = {
    "x86_64": ("amd64", ""),
    "aarch64": ("arm64", "v8"),
    "armv7l": ("arm", "v7"),
    "armv6l": ("arm", "v6"),
    "i686": ("386", ""),
    "ppc64le": ("ppc64le", ""),
    "s390x": ("s390x", ""),
    "riscv64": ("riscv64", ""),
}
_SAME: Final = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armhf": "arm", "i386": "386"}
_SYSTEMS: Final = ("linux", "windows", "darwin", "freebsd")
_PLAIN_VARIANTS: Final = (("arm64", "v8"), ("amd64", "v1"))


@dataclass(frozen=True)
class Wanted:
    """A platform that is asked for; the variants that mean nothing beyond the architecture are left out."""

    os: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


def host_architecture() -> tuple[str, str]:
    """(architecture, variant) of this machine; the variant is "" where there is none."""
    machine = os.uname().machine
    return _ARCHITECTURES.get(machine, (machine, ""))


def host() -> Wanted:
    """What this machine runs."""
    return _plain("linux", *host_architecture())


def parse(text: str) -> Wanted:
    """ "linux/arm64/v8", "linux/amd64", "arm64" or "linux". Raises InvalidArgument."""
    parts = text.lower().split("/")
    if not text or len(parts) > 3 or not all(parts):
        raise InvalidArgument(
            f"invalid platform: {text!r}", hint="write os/architecture, such as linux/amd64"
        )
    here = host()
    if len(parts) == 1:
        if parts[0] in _SYSTEMS:
            return Wanted(parts[0], here.architecture, here.variant)
        return _plain("linux", _SAME.get(parts[0], parts[0]), "")
    return _plain(parts[0], _SAME.get(parts[1], parts[1]), parts[2] if len(parts) == 3 else "")


def choose(descriptors: Sequence[Descriptor], wanted: Wanted) -> Descriptor | None:
    """The image for the platform; None if there is none."""
    fitting: dict[str, Descriptor] = {}
    for descriptor in descriptors:
        platform = descriptor.platform
        if platform is None:
            continue
        found = _plain(platform.os, platform.architecture, platform.variant)
        if (found.os, found.architecture) == (wanted.os, wanted.architecture):
            fitting.setdefault(found.variant, descriptor)
    if wanted.variant in fitting:
        return fitting[wanted.variant]
    older = sorted(variant for variant in fitting if variant < wanted.variant)
    return fitting[older[-1]] if older else None


def _plain(system: str, architecture: str, variant: str) -> Wanted:
    return Wanted(system, architecture, "" if (architecture, variant) in _PLAIN_VARIANTS else variant)
