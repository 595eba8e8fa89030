"""Bearer tokens that are plain secrets: those of the configuration, and bootstrap tokens.

A bootstrap token is `ID.SECRET` (six and sixteen of a-z0-9) and lives in Secret `bootstrap-token-ID` of kube-system;
whoever has it is `system:bootstrap:ID` in `system:bootstrappers`, until it expires or is deleted. With it a new node
asks for its certificate.

Source: Kubernetes, "Authenticating with Bootstrap Tokens".
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
import time
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from hythe.kube.apiserver.auth.lookup import Lookup
from hythe.kube.apiserver.identity import AUTHENTICATED, User
from hythe.kube.objects.types import Object

BOOTSTRAPPERS: Final = "system:bootstrappers"
SECRET_TYPE: Final = "bootstrap.kubernetes.io/token"
_TOKEN: Final = re.compile(r"([a-z0-9]{6})\.([a-z0-9]{16})")
_GROUP: Final = re.compile(r"system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]")
_LETTERS: Final = string.ascii_lowercase + string.digits


def new_token() -> str:
    """A bootstrap token that nobody can guess."""
    identity, secret = ("".join(secrets.choice(_LETTERS) for _ in range(length)) for length in (6, 16))
    return f"{identity}.{secret}"


def bootstrap_user(identity: str, groups: tuple[str, ...] = ()) -> User:
    return User(f"system:bootstrap:{identity}", groups=(BOOTSTRAPPERS, *groups, AUTHENTICATED))


class StaticTokens:
    """Tokens that the server was started with. What is compared is a hash, so its time tells nothing of a token."""

    def __init__(self, tokens: Mapping[str, User]) -> None:
        self._users = {_hash(token): user for token, user in tokens.items()}

    def find(self, token: str) -> User | None:
        return self._users.get(_hash(token))


class BootstrapTokens:
    """Those in Secrets of kube-system."""

    def __init__(self, lookup: Lookup, now: Callable[[], float] = time.time) -> None:
        self._lookup, self._now = lookup, now

    async def find(self, token: str) -> User | None:
        """None for what has another form, is not there, has expired, or is not for authentication."""
        parts = _TOKEN.fullmatch(token)
        if parts is None:
            return None
        identity, secret = parts.groups()
        kept = await self._lookup.find("secrets", "kube-system", f"bootstrap-token-{identity}")
        if kept is None or kept.get("type") != SECRET_TYPE or kept["metadata"].get("deletionTimestamp"):
            return None
        data = _data(kept)
        same = hmac.compare_digest(data.get("token-secret", "").encode(), secret.encode())
        if (
            not same
            or data.get("token-id") != identity
            or data.get("usage-bootstrap-authentication") != "true"
        ):
            return None
        if self._expired(data.get("expiration", "")):
            return None
        groups = [group for group in data.get("auth-extra-groups", "").split(",") if group]
        if not all(_GROUP.fullmatch(group) for group in groups):
            return None
        return bootstrap_user(identity, tuple(groups))

    def _expired(self, text: str) -> bool:
        """What cannot be read counts as expired."""
        if not text:
            return False
        try:
            return datetime.fromisoformat(text).timestamp() <= self._now()
        except ValueError:
            return True


def _data(secret: Object) -> dict[str, str]:
    found = {}
    for key, value in (secret.get("data") or {}).items():
        try:
            found[key] = b64decode(value, validate=True).decode()
        except (Base64Error, UnicodeDecodeError, TypeError):
            continue
    return found


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()
