"""Which version of the API a request speaks: "/v1.43/containers/json" or, without a prefix, the newest.

Clients send HEAD /_ping first, read `Api-Version`, and speak the lower of that and their own. A version that
is outside of what hythe speaks is refused as dockerd refuses it, with 400.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from hythe.errors import InvalidArgument


class Version(NamedTuple):
    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


NEWEST: Final = Version(1, 50)
OLDEST: Final = Version(1, 24)

_PREFIX: Final = re.compile(r"^/v(\d{1,3})\.(\d{1,3})(?=/|$)")


def split(path: str) -> tuple[Version, str]:
    """(version, rest of the path). Raises InvalidArgument for a version that is too old or too new."""
    match = _PREFIX.match(path)
    if match is None:
        return NEWEST, path
    version = Version(int(match[1]), int(match[2]))
    if version < OLDEST:
        raise InvalidArgument(
            f"client version {version} is too old. Minimum supported API version is {OLDEST}, "
            "please upgrade your client to a newer version"
        )
    if version > NEWEST:
        raise InvalidArgument(
            f"client version {version} is too new. Maximum supported API version is {NEWEST}",
            hint=f"set DOCKER_API_VERSION={NEWEST}",
        )
    return version, path[match.end() :] or "/"
