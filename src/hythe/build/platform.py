"""Platforms as "os/architecture[/variant]", and the build arguments that every build has from them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from hythe.errors import InvalidArgument, Unsupported

_MACHINES: Final = {
    "x86_64": ("amd64", ""), "aarch64": ("arm64", ""), "armv7l": ("arm", "v7"), "armv6l": ("arm", "v6"),
    "i686": ("386", ""), "ppc64le": ("ppc64le", ""), "s390x": ("s390x", ""), "riscv64": ("riscv64", ""),
}  # fmt: skip
_SAME: Final = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armhf": "arm", "i386": "386"}


@dataclass(frozen=True)
class Platform:
    os: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


def host() -> Platform:
    """What this machine runs."""
    machine = os.uname().machine
    architecture, variant = _MACHINES.get(machine, (machine, ""))
    return Platform("linux", architecture, variant)


def parse(text: str) -> Platform:
    """ "linux/arm64/v8", "linux/amd64", "arm64" or "linux". Raises InvalidArgument."""
    parts = text.lower().split("/")
    if not text or len(parts) > 3 or not all(parts):
        raise InvalidArgument(
            f"invalid platform: {text!r}", hint="write os/architecture, such as linux/amd64"
        )
    here = host()
    if len(parts) == 1:
        if parts[0] in ("linux", "windows", "darwin", "freebsd"):
            return Platform(parts[0], here.architecture, here.variant)
        return Platform("linux", _SAME.get(parts[0], parts[0]))
    variant = parts[2] if len(parts) == 3 else ""
    architecture = _SAME.get(parts[1], parts[1])
    if (architecture, variant) in (("arm64", "v8"), ("amd64", "v1")):
        variant = ""
    return Platform(parts[0], architecture, variant)


def check(text: str) -> Platform:
    """The platform, which must be this machine's: commands of others cannot be run. Raises Unsupported."""
    wanted, here = parse(text), host()
    if (wanted.os, wanted.architecture) != (here.os, here.architecture):
        raise Unsupported(
            f"cannot build for {wanted} on {here}",
            hint=f"build on such a machine, or take {here} as platform",
        )
    return wanted


def arguments(target: Platform) -> dict[str, str]:
    """TARGET* and BUILD* (Dockerfile reference, "Automatic platform ARGs in the global scope")."""
    values: dict[str, str] = {}
    for prefix, platform in (("TARGET", target), ("BUILD", host())):
        values |= {
            f"{prefix}PLATFORM": str(platform),
            f"{prefix}OS": platform.os,
            f"{prefix}ARCH": platform.architecture,
            f"{prefix}VARIANT": platform.variant,
        }
    return values
