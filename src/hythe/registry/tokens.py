"""Authorization for one registry: Basic, or tokens from where it says (distribution's "Token Authentication").

The registry answers 401 and names a *realm*, the URL of a token server, and the service and scope to ask it for. We
show that server the user's credentials and get a token for the scope; it is used until it expires or is refused. An
identity token is exchanged by POST (OAuth 2, RFC 6749, 6), a name and password by GET.

Who is shown credentials decides whether a lying registry can steal them (CVE-2020-15157, CVE-2024-3727): only the
realm that the registry itself named, in an answer of its own and not of a host that it redirected to; only by HTTPS,
unless the registry may be insecure; and only on the registry's host or site, or one that the configuration names.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, NamedTuple
from urllib.parse import urlencode, urlsplit, urlunsplit

from msgspec import Struct

from hythe.registry.answers import decoded
from hythe.registry.challenge import Challenge
from hythe.registry.credentials import Credentials
from hythe.registry.endpoint import Endpoint, is_url
from hythe.registry.failures import UNAUTHORIZED, BadContent, Refused, RegistryProblem, refusal
from hythe.registry.settings import Settings

_CLIENT: Final = "hythe"
_SHORTEST: Final = 60
_EARLY: Final = 10


class Answer(NamedTuple):
    status: int
    reason: str
    body: bytes


class _Grant(Struct):
    token: str = ""
    access_token: str = ""
    refresh_token: str = ""
    expires_in: int = _SHORTEST


Ask = Callable[[str, str, Mapping[str, str], bytes | None], Awaitable[Answer]]


class NoCredentials(Exception):
    """The registry wants a name and a password, and there are none."""


class Tokens:
    """`ask(method, url, headers, body)` sends one request, without any credentials of its own."""

    def __init__(self, endpoint: Endpoint, credentials: Credentials, settings: Settings, ask: Ask) -> None:
        self._endpoint, self._credentials, self._settings, self._ask = endpoint, credentials, settings, ask
        self._challenges: list[Challenge] = []
        self._held: dict[tuple[str, ...], tuple[str, float]] = {}
        self.refresh_token = ""

    def learn(self, challenges: Sequence[Challenge]) -> None:
        """What the registry itself asked for in a 401."""
        if challenges:
            self._challenges = list(challenges)

    def forget(self) -> None:
        """The registry refused what it was shown."""
        self._held.clear()

    async def header(self, scopes: Sequence[str], *, offline: bool = False) -> str | None:
        """The value of the Authorization header; None where nothing was asked for. Raises RegistryProblem."""
        by_scheme = {challenge.scheme: challenge for challenge in reversed(self._challenges)}
        if "bearer" in by_scheme:
            if self._credentials.registry_token:
                return f"Bearer {self._credentials.registry_token}"
            return f"Bearer {await self._token(by_scheme['bearer'], tuple(scopes), offline)}"
        if "basic" in by_scheme:
            if not self._credentials.username:
                raise NoCredentials
            return self._credentials.basic
        return None

    async def _token(self, challenge: Challenge, scopes: tuple[str, ...], offline: bool) -> str:
        token, expires = self._held.get(scopes, ("", 0.0))
        if not token or time.monotonic() > expires:
            grant = await self._grant(challenge, scopes, offline)
            token = grant.token or grant.access_token
            if not token:
                raise BadContent("the token server's answer has no token in it")
            self.refresh_token = grant.refresh_token
            self._held[scopes] = token, time.monotonic() + max(grant.expires_in, _SHORTEST) - _EARLY
        return token

    async def _grant(self, challenge: Challenge, scopes: tuple[str, ...], offline: bool) -> _Grant:
        realm = challenge.parameters.get("realm", "")
        self._check(realm)
        service = challenge.parameters.get("service", "")
        who = self._credentials
        if who.identity_token:
            form = {"grant_type": "refresh_token", "refresh_token": who.identity_token, "service": service,
                    "client_id": _CLIENT, "scope": " ".join(scopes)}  # fmt: skip
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            answer = await self._ask("POST", realm, headers, urlencode(form).encode())
        else:
            query = [("service", service), *(("scope", scope) for scope in scopes)]
            if who.username:
                query.append(("account", who.username))
            if offline:
                query += [("offline_token", "true"), ("client_id", _CLIENT)]
            headers = {"Authorization": who.basic} if who else {}
            answer = await self._ask("GET", _with_query(realm, query), headers, None)
        if answer.status != 200:
            if answer.status in (401, 403):
                raise Refused(
                    answer.status, UNAUTHORIZED, refusal(401, "", answer.body, []).message.partition(": ")[2]
                )
            raise refusal(answer.status, answer.reason, answer.body, [])
        return decoded(answer.body, _Grant, "the token server's answer")

    def _check(self, realm: str) -> None:
        """Raises RegistryProblem for a token server that must not be asked, or not be shown who asks."""
        if not is_url(realm) or urlsplit(realm).username is not None:
            raise BadContent(f"{self._endpoint.host} names a token server that is no URL: {realm[:200]!r}")
        parts = urlsplit(realm)
        host, own = parts.hostname or "", urlsplit(self._endpoint.url).hostname or ""
        if parts.scheme == "http" and not (self._endpoint.insecure and self._settings.is_insecure(host)):
            raise RegistryProblem(
                f"{self._endpoint.host} wants its token from {realm[:200]}, which is not encrypted",
                hint="list both as insecure registries if that is meant",
            )
        if self._credentials and not (_same_site(host, own) or host in self._settings.token_hosts):
            raise RegistryProblem(
                f"{self._endpoint.host} wants credentials to be sent to another site, {host}: refused",
                hint=f"add {host} to token-hosts in the daemon's configuration if that is meant",
            )


def _same_site(host: str, other: str) -> bool:
    """The same host, or names of one domain: auth.docker.io and registry-1.docker.io."""
    if host == other:
        return True
    if _is_address(host) or _is_address(other):
        return False
    first, second = host.split(".")[-2:], other.split(".")[-2:]
    return len(first) == 2 and first == second


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def _with_query(url: str, query: list[tuple[str, str]]) -> str:
    parts = urlsplit(url)
    joined = "&".join(part for part in (parts.query, urlencode(query)) if part)
    return urlunsplit(parts._replace(query=joined, fragment=""))
