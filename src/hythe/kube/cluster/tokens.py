"""The token by which a node joins: what it proves to the server, and what the server proves to the node.

    HASH::ID.SECRET      HASH: SHA-256 of the cluster's certificate authority (PEM), 64 hexadecimal digits

`ID.SECRET` is a bootstrap token of Kubernetes' kind. With the hash a node knows the right server before it says the
secret; a token without it is taken only together with the authority's file.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from typing import Final, NamedTuple

from hythe.errors import InvalidArgument
from hythe.kube.objects.types import Object

_FORM: Final = re.compile(r"(?:([0-9a-f]{64})::)?([a-z0-9]{6})\.([a-z0-9]{16})")
_NAMESPACE: Final = "kube-system"


class JoinToken(NamedTuple):
    """`authority` is "" where the token does not say it."""

    authority: str
    id: str
    secret: str

    @property
    def bearer(self) -> str:
        return f"{self.id}.{self.secret}"

    @property
    def text(self) -> str:
        return f"{self.authority}::{self.bearer}" if self.authority else self.bearer

    def matches(self, authority: bytes) -> bool:
        """Whether a certificate authority (PEM) is the one that the token is of."""
        return self.authority == digest(authority)


def parse(text: str) -> JoinToken:
    """Raises InvalidArgument."""
    parts = _FORM.fullmatch(text.strip())
    if parts is None:
        raise InvalidArgument(
            "invalid token",
            hint="the form is ID.SECRET or HASH::ID.SECRET; the server prints it: hythe kube token",
        )
    return JoinToken(parts[1] or "", parts[2], parts[3])


def digest(authority: bytes) -> str:
    return hashlib.sha256(authority.strip()).hexdigest()


def secret_of(token: JoinToken) -> Object:
    """The Secret that makes the server know it (Kubernetes, "Authenticating with Bootstrap Tokens")."""
    data = {
        "token-id": token.id,
        "token-secret": token.secret,
        "usage-bootstrap-authentication": "true",
        "usage-bootstrap-signing": "true",
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": f"bootstrap-token-{token.id}", "namespace": _NAMESPACE},
        "type": "bootstrap.kubernetes.io/token",
        "data": {key: b64encode(value.encode()).decode() for key, value in data.items()},
    }
