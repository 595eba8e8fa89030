"""Who asks: a client certificate, or a bearer token, or nobody.

    certificate     one of the cluster's authority: common name = user, organisations = groups
    Bearer TOKEN    the server's own tokens, then bootstrap tokens, then tokens of service accounts
    neither         None: the server makes `system:anonymous` of it

A certificate that holds is enough. One that does not, or a token that does not, is 401 and never anonymous. Other
schemes than Bearer are not looked at, as in Kubernetes.
"""

from __future__ import annotations

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from hythe.kube.apiserver.auth import authority as certificates
from hythe.kube.apiserver.auth.authority import Authority
from hythe.kube.apiserver.auth.bearers import BootstrapTokens, StaticTokens
from hythe.kube.apiserver.auth.jws import InvalidToken, is_signed
from hythe.kube.apiserver.auth.serviceaccounts import Tokens
from hythe.kube.apiserver.identity import AUTHENTICATED, User
from hythe.kube.objects.status import ApiError, unauthorized

log = logging.getLogger("hythe.kube.apiserver")
_CERTIFICATE_ID: Final = "authentication.kubernetes.io/credential-id"
_KNOWN: Final = 512


class ClusterAuthenticator:
    """An `identity.Authenticator`; each part may be left out."""

    def __init__(
        self,
        authority: Authority | None = None,
        static: StaticTokens | None = None,
        bootstrap: BootstrapTokens | None = None,
        accounts: Tokens | None = None,
        now: Callable[[], datetime] = certificates.now,
    ) -> None:
        self._certificates = Certificates(authority, now) if authority is not None else None
        self._static, self._bootstrap, self._accounts = static, bootstrap, accounts

    async def authenticate(self, certificate: bytes | None, authorization: str | None) -> User | None:
        token = _bearer(authorization)
        refused: ApiError | None = None
        if certificate is not None and self._certificates is not None:
            try:
                return self._certificates.user(certificate)
            except ApiError as error:
                refused = error
        if token is not None:
            found = await self.authenticate_token(token)
            if found is None:
                raise unauthorized()
            return found[0]
        if refused is not None:
            raise refused
        return None

    async def authenticate_token(
        self, token: str, audiences: Sequence[str] = ()
    ) -> tuple[User, tuple[str, ...]] | None:
        """Whose token it is, and for which of `audiences` it is meant; None if it is nobody's.

        Tokens that are no service account's have no audience: they are for this server alone.
        """
        ours = self._accounts.audiences if self._accounts is not None else ()
        taken = tuple(audience for audience in audiences or ours if audience in ours)
        if taken or not audiences:
            if self._static is not None and (user := self._static.find(token)) is not None:
                return user, taken
            if self._bootstrap is not None and (user := await self._bootstrap.find(token)) is not None:
                return user, taken
        if self._accounts is None or not is_signed(token):
            return None
        try:
            return await self._accounts.verify(token, audiences)
        except InvalidToken as error:
            log.debug("a token is refused: %s", error)
            return None


class Certificates:
    """Users by certificate. What has been verified once is only looked at for its time again."""

    def __init__(self, authority: Authority, now: Callable[[], datetime]) -> None:
        self._authority, self._now = authority, now
        self._known: OrderedDict[bytes, tuple[User, datetime]] = OrderedDict()

    def user(self, certificate: bytes) -> User:
        """`certificate`: DER. Raises ApiError (Unauthorized)."""
        now = self._now()
        known = self._known.get(certificate)
        if known is not None:
            self._known.move_to_end(certificate)
            if now > known[1]:
                raise unauthorized()
            return known[0]
        holder, end = self._authority.verify_client(certificate, now)
        identity = (f"X509SHA256={hashlib.sha256(certificate).hexdigest()}",)
        groups = tuple(dict.fromkeys((*holder.groups, AUTHENTICATED)))
        user = User(holder.name, groups=groups, extra={_CERTIFICATE_ID: identity})
        self._known[certificate] = user, end
        if len(self._known) > _KNOWN:
            self._known.popitem(last=False)
        return user


def _bearer(authorization: str | None) -> str | None:
    scheme, _, token = (authorization or "").strip().partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
