"""The platform of a build, and the build arguments that every build has from it."""

from __future__ import annotations

from hythe.errors import Unsupported
from hythe.oci.platform import Wanted as Platform
from hythe.oci.platform import host, parse

__all__ = ["Platform", "arguments", "check", "host", "parse"]


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
