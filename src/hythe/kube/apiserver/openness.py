"""Authentication and authorisation of a server that has neither: nobody is known, everybody may do everything.

For development and tests behind the unix socket, which only its owner can open.
"""

from __future__ import annotations

from hythe.kube.apiserver.identity import Attributes, Decision, User


class Nobody:
    """Knows nobody."""

    async def authenticate(self, certificate: bytes | None, authorization: str | None) -> User | None:
        return None


class Everyone:
    """Allows everything."""

    async def authorize(self, attributes: Attributes) -> Decision:
        return Decision(True)
