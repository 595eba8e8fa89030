"""Who asks, and for what: the two values that authentication and authorisation pass around.

A user is what a certificate, a token or the unix socket says (`User`); `Attributes` is the request as RBAC sees it.
How they are found out and judged is `auth/`'s business. Source: Kubernetes, "Authenticating" and "Authorization".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

ANONYMOUS_NAME: Final = "system:anonymous"
AUTHENTICATED: Final = "system:authenticated"
UNAUTHENTICATED: Final = "system:unauthenticated"
MASTERS: Final = "system:masters"


@dataclass(frozen=True, slots=True)
class User:
    """One who asks. `groups` includes `system:authenticated` or `system:unauthenticated`."""

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: dict[str, tuple[str, ...]] = field(default_factory=dict)


ANONYMOUS: Final = User(ANONYMOUS_NAME, groups=(UNAUTHENTICATED,))
LOCAL: Final = User("system:admin", groups=(MASTERS, AUTHENTICATED))
"""Who speaks through the unix socket, which only its owner can open."""


class Attributes(NamedTuple):
    """What a user wants to do. For a path that is no resource (`/healthz`), `resource` is "" and `path` is set."""

    user: User
    verb: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


class Decision(NamedTuple):
    """`allowed`, and why (or why not), in words for a Status message; "" if there is nothing to say."""

    allowed: bool
    reason: str = ""


class Authenticator(Protocol):
    """Finds out who asks."""

    async def authenticate(self, certificate: bytes | None, authorization: str | None) -> User | None:
        """`certificate`: the client's, DER, verified against no CA yet; `authorization`: the header's value.

        None where neither is given. Raises ApiError (Unauthorized) for credentials that do not hold.
        """
        ...


class Authorizer(Protocol):
    """Judges requests."""

    async def authorize(self, attributes: Attributes) -> Decision: ...
