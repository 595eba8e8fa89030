"""Who asks: what a client sends with a request, and what becomes of it in headers.

Clients send X-Registry-Auth, JSON in base64 (Engine API, "Authentication"): a name and a password, an identity token
that stands for both, or a token that the registry takes as it is.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass


@dataclass(frozen=True)
class Credentials:
    """All empty: nobody in particular."""

    username: str = ""
    password: str = ""
    identity_token: str = ""
    registry_token: str = ""

    def __bool__(self) -> bool:
        return bool((self.username and self.password) or self.identity_token or self.registry_token)

    def __repr__(self) -> str:
        """Without what must not come into a log."""
        return f"Credentials({self.username!r})"

    @property
    def basic(self) -> str:
        """The value of an Authorization header (RFC 7617)."""
        pair = f"{self.username}:{self.password}".encode()
        return "Basic " + base64.b64encode(pair).decode()


NOBODY = Credentials()
