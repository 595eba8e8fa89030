"""Tokens of service accounts: what they claim, and when they count.

    iss, aud, sub          who signed it, who may take it, system:serviceaccount:NAMESPACE:NAME
    iat, nbf, exp, jti     from when until when, and a name of its own
    kubernetes.io          namespace; serviceaccount, and pod, secret and node where bound to one: name and uid each

A token counts as long as it is signed by our key, has not ended, is meant for us, and all that it is bound to is there
with the same uid. So deleting a pod or a service account ends their tokens at once, and one that is made again under
the same name does not revive them.

Source: Kubernetes, "Managing Service Accounts", "Bound service account tokens".
"""

from __future__ import annotations

import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from hythe.kube.apiserver.auth.jws import Claims, InvalidToken, Signer, Verifier
from hythe.kube.apiserver.auth.lookup import Lookup
from hythe.kube.apiserver.identity import AUTHENTICATED, User
from hythe.kube.objects.types import Object

PREFIX: Final = "system:serviceaccount:"
GROUP: Final = "system:serviceaccounts"
PRIVATE: Final = "kubernetes.io"
BOUND: Final = {"pod": "pods", "secret": "secrets", "node": "nodes"}
_EXTRA: Final = "authentication.kubernetes.io/"
_KNOWN: Final = 1024  # tokens whose signature need not be verified again


def user_name(namespace: str, name: str) -> str:
    return f"{PREFIX}{namespace}:{name}"


def groups_of(namespace: str) -> tuple[str, ...]:
    return (GROUP, f"{GROUP}:{namespace}", AUTHENTICATED)


def split_user_name(user: str) -> tuple[str, str] | None:
    """Namespace and name, if it is a service account's."""
    parts = user.removeprefix(PREFIX).split(":")
    return (parts[0], parts[1]) if user.startswith(PREFIX) and len(parts) == 2 and all(parts) else None


class Tokens:
    """Issues and verifies. `issuer`: a URL; `audiences`: for whom a token must be meant to count here.

    `others`: further keys whose tokens count, such as one that was used before.
    """

    def __init__(
        self,
        signer: Signer,
        lookup: Lookup,
        issuer: str,
        audiences: Sequence[str] = (),
        others: Iterable[Verifier] = (),
        now: Callable[[], float] = time.time,
    ) -> None:
        self._signer, self._lookup, self._now = signer, lookup, now
        self.issuer = issuer
        self.audiences = tuple(audiences) or (issuer,)
        self.verifiers = (signer.verifier, *others)
        self._verified: OrderedDict[str, Claims] = OrderedDict()

    def discovery(self, keys: str) -> Object:
        """The issuer, for other parties who verify tokens; `keys`: where these are (OpenID Connect Discovery 1.0)."""
        return {
            "issuer": self.issuer,
            "jwks_uri": keys,
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": sorted({each.algorithm for each in self.verifiers}),
        }

    def keys(self) -> Object:
        """The public keys as a JSON Web Key Set."""
        return {"keys": [verifier.jwk() for verifier in self.verifiers]}

    def issue(
        self, account: Object, audiences: Sequence[str], seconds: int, bound: dict[str, Object] | None = None
    ) -> tuple[str, int]:
        """A token for a service account, and when it ends, in seconds since 1970.

        `bound`: objects by the keys of BOUND.
        """
        metadata = account["metadata"]
        now = int(self._now())
        private: Claims = {"namespace": metadata["namespace"], "serviceaccount": _named(account)}
        private.update((kind, _named(obj)) for kind, obj in (bound or {}).items())
        claims: Claims = {
            "aud": list(audiences),
            "exp": now + seconds,
            "iat": now,
            "iss": self.issuer,
            "jti": str(uuid.uuid4()),
            PRIVATE: private,
            "nbf": now,
            "sub": user_name(metadata["namespace"], metadata["name"]),
        }
        return self._signer.sign(claims), now + seconds

    async def verify(self, token: str, audiences: Sequence[str] = ()) -> tuple[User, tuple[str, ...]]:
        """Whose token it is, and for which of `audiences` (by default the server's own). Raises InvalidToken."""
        claims = self._signed(token)
        wanted = audiences or self.audiences
        meant = claims.get("aud")
        meant = [meant] if isinstance(meant, str) else meant if isinstance(meant, list) else []
        found = tuple(audience for audience in wanted if audience in meant)
        if not found:
            raise InvalidToken("the token is meant for somebody else")
        self._check_time(claims)
        return await self._user(claims), found

    def _signed(self, token: str) -> Claims:
        claims = self._verified.get(token)
        if claims is not None:
            self._verified.move_to_end(token)
            return claims
        for verifier in self.verifiers:
            try:
                claims = verifier.claims(token)
                break
            except InvalidToken as error:
                refused = error
        else:
            raise refused
        if claims.get("iss") != self.issuer:
            raise InvalidToken("the token was issued by somebody else")
        self._verified[token] = claims
        if len(self._verified) > _KNOWN:
            self._verified.popitem(last=False)
        return claims

    def _check_time(self, claims: Claims) -> None:
        now = self._now()
        end, begin = claims.get("exp"), claims.get("nbf", 0)
        if not isinstance(end, int | float) or now >= end:
            raise InvalidToken("the token has expired")
        if not isinstance(begin, int | float) or now + 60 < begin:
            raise InvalidToken("the token is not valid yet")

    async def _user(self, claims: Claims) -> User:
        private = claims.get(PRIVATE)
        if not isinstance(private, dict):
            raise InvalidToken("the token is no service account's")
        namespace = private.get("namespace")
        account = await self._there("serviceaccounts", namespace, private.get("serviceaccount"))
        name = account["metadata"]["name"]
        if claims.get("sub") != user_name(str(namespace), name):
            raise InvalidToken("the token's subject is not its service account")
        extra: dict[str, tuple[str, ...]] = {f"{_EXTRA}credential-id": (f"JTI={claims.get('jti')}",)}
        for kind, resource in BOUND.items():
            if kind in private:
                held = await self._there(resource, namespace if kind != "node" else "", private[kind])
                if kind != "secret":
                    extra[f"{_EXTRA}{kind}-name"] = (held["metadata"]["name"],)
                    extra[f"{_EXTRA}{kind}-uid"] = (held["metadata"]["uid"],)
        return User(
            user_name(str(namespace), name), account["metadata"]["uid"], groups_of(str(namespace)), extra
        )

    async def _there(self, resource: str, namespace: Any, reference: Any) -> Object:
        """What a token is bound to, if it is still the same."""
        name = reference.get("name") if isinstance(reference, dict) else None
        if not isinstance(namespace, str) or not isinstance(name, str) or not name:
            raise InvalidToken("the token is not whole")
        found = await self._lookup.find(resource, namespace, name)
        if found is None or found["metadata"].get("uid") != reference.get("uid"):
            raise InvalidToken(f"what the token is bound to is gone: {resource} {name}")
        return found


def _named(obj: Object) -> Claims:
    return {"name": obj["metadata"]["name"], "uid": obj["metadata"]["uid"]}
