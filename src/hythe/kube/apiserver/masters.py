"""Authentication by certificate alone, and authorisation that lets the group `system:masters` do everything.

What a server has that is given no other: administrators and the cluster's own parts get in, nobody else does.
"""

from __future__ import annotations

from datetime import UTC, datetime

from hythe.kube.apiserver.auth.authority import Authority
from hythe.kube.apiserver.identity import AUTHENTICATED, MASTERS, Attributes, Decision, User
from hythe.kube.objects.status import unauthorized

_OPEN = frozenset({"/healthz", "/livez", "/readyz", "/version"})


class Certificates:
    """Knows whom the cluster's authority has given a certificate."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    async def authenticate(self, certificate: bytes | None, authorization: str | None) -> User | None:
        if authorization:
            raise unauthorized()
        if certificate is None:
            return None
        holder, _ = self._authority.verify_client(certificate, datetime.now(UTC))
        return User(holder.name, groups=(*holder.groups, AUTHENTICATED))


class Masters:
    """Allows `system:masters` everything, others to see that there is a server."""

    async def authorize(self, attributes: Attributes) -> Decision:
        return Decision(MASTERS in attributes.user.groups or attributes.path in _OPEN)
