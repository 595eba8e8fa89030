"""One registry, asked on behalf of one user, for one operation: requests, authorization, redirects, patience.

    async with connection.request("GET", "/v2/a/b/tags/list", scopes=[...]) as response: ...

A 401 of the registry itself is answered with what `tokens` has, once: a registry that goes on asking is told no.
Redirects are followed by hand, a few at most, and never from HTTPS to HTTP; only requests to the registry's own origin
carry Authorization. Errors of the HTTP library become `failures` here, all of them. Kept out: what the answers mean.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import aiohttp
from yarl import URL

from hythe import __version__
from hythe.registry import challenge
from hythe.registry.credentials import Credentials
from hythe.registry.endpoint import Endpoint, is_url, origin, secured
from hythe.registry.failures import BadContent, Refused, RegistryProblem, Unreachable, refusal
from hythe.registry.settings import Settings
from hythe.registry.tokens import Answer, NoCredentials, Tokens

_REDIRECTS: Final = 5
_MOVED: Final = (301, 302, 303, 307, 308)
_DOCUMENT: Final = 4 << 20
_ERROR: Final = 64 << 10
_BUFFER: Final = 1 << 20
_AGENT: Final = f"hythe/{__version__}"

Body = Callable[[], Any]


class Connection:
    """To one endpoint; to be closed. `reaching` finds the endpoint that answers."""

    def __init__(self, endpoint: Endpoint, credentials: Credentials, settings: Settings) -> None:
        self.endpoint, self._settings = endpoint, settings
        self._patience = settings.patience
        self.tokens = Tokens(endpoint, credentials, settings, self._plain)
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._holders, self._closing = 0, False
        self._http = aiohttp.ClientSession(
            auto_decompress=False,
            read_bufsize=_BUFFER,
            cookie_jar=aiohttp.DummyCookieJar(),
            # A digest is of the bytes as they are: nobody on the way is to compress them.
            headers={"User-Agent": _AGENT, "Accept-Encoding": "identity"},
        )

    async def close(self) -> None:
        """Now, or when the last of those has left who hold it."""
        self._closing = True
        if not self._holders:
            await self._http.close()

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Within, the connection stays open: for work that others wait for too, when who began it has left."""
        self._holders += 1
        try:
            yield
        finally:
            self._holders -= 1
            if self._closing:
                await self.close()

    async def ping(self) -> None:
        """Is there a registry, and what does it want to be shown? Raises Unreachable."""
        url = f"{self.endpoint.url}/v2/"
        with translated("Get", url):
            async with asyncio.timeout(self._patience.connect):
                answer = await self._send("GET", url, {}, None)
        try:
            if answer.status == 401:
                self.tokens.learn(challenge.parse(answer.headers.getall("WWW-Authenticate", [])))
        finally:
            answer.release()

    @asynccontextmanager
    async def request(
        self,
        method: str,
        path: str,
        *,
        scopes: Sequence[str] = (),
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        accept: Sequence[int] = (200,),
        wait: float | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer, whose status is one of `accept`; any other raises Refused. `body()` gives what is sent.

        `wait`: seconds to wait for the answer, where the registry has much to do for it.
        `path` begins with "/", or is a URL that the registry gave for an upload.
        """
        url = _joined(self.endpoint.url + "/", path)
        self._check_downgrade(self.endpoint.url, url)
        response = await self._authorized(method, url, scopes, dict(headers or {}), body, wait)
        try:
            if response.status not in accept:
                raise await self._refusal(response)
            with translated(method, url):
                yield response
        finally:
            response.close() if not response.content.at_eof() else response.release()

    async def read(self, response: aiohttp.ClientResponse, limit: int = _DOCUMENT) -> bytes:
        """The whole of a small answer. Raises BadContent beyond `limit`, Unreachable if it takes too long."""
        data = bytearray()
        with translated("Get", str(response.url)):
            async with asyncio.timeout(self._patience.document):
                async for piece in response.content.iter_any():
                    data += piece
                    if len(data) > limit:
                        raise BadContent(f"{response.url.host} sent more than {limit} bytes for a document")
        return bytes(data)

    # ---- how ------------------------------------------------------------------------------------

    async def _authorized(
        self,
        method: str,
        url: str,
        scopes: Sequence[str],
        headers: dict[str, str],
        body: Body | None,
        wait: float | None,
    ) -> aiohttp.ClientResponse:
        for last in (False, True):
            own = self._is_own(url)
            shown = await self._shown(method, url, scopes) if own else None
            response = await self._following(method, url, headers, shown, body, wait)
            challenged = response.status == 401 and own and self._is_own(str(response.url))
            if last or not challenged:
                return response
            challenges = challenge.parse(response.headers.getall("WWW-Authenticate", []))
            if shown is not None and any(
                each.parameters.get("error") == "insufficient_scope" for each in challenges
            ):
                return response
            response.close()
            self.tokens.forget()
            self.tokens.learn(challenges)
        raise AssertionError("the second round returns")

    async def _shown(self, method: str, url: str, scopes: Sequence[str]) -> str | None:
        try:
            return await self.tokens.header(scopes)
        except NoCredentials as error:
            raise RegistryProblem(
                f'{method.capitalize()} "{url}": no basic auth credentials', hint="log in: docker login"
            ) from error

    async def _following(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        shown: str | None,
        body: Body | None,
        wait: float | None,
    ) -> aiohttp.ClientResponse:
        for _ in range(_REDIRECTS + 1):
            authorization = {"Authorization": shown} if shown is not None and self._is_own(url) else {}
            response = await self._send(method, url, headers | authorization, body, wait)
            if response.status not in _MOVED or method not in ("GET", "HEAD"):
                return response
            target = _joined(url, response.headers.get("Location", ""))
            response.close()
            self._check_downgrade(url, target)
            url = target
        raise BadContent(f"{self.endpoint.host} redirects more than {_REDIRECTS} times")

    def _check_downgrade(self, url: str, target: str) -> None:
        if not is_url(target):
            raise BadContent(f"{self.endpoint.host} leads to what is no URL: {target[:200]!r}")
        if (urlsplit(url).scheme, urlsplit(target).scheme) == ("https", "http"):
            raise RegistryProblem(f"{self.endpoint.host} leads from HTTPS to plain HTTP: refused")

    def _is_own(self, url: str) -> bool:
        """Whether it is of the registry's own origin: only there is anything shown, and only it may ask."""
        return origin(self.endpoint.url) == origin(url)

    async def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: Body | None,
        wait: float | None = None,
    ) -> aiohttp.ClientResponse:
        patience = self._patience
        timeout = aiohttp.ClientTimeout(
            None, sock_connect=patience.connect, sock_read=wait or patience.silence
        )
        # As it was given: a signed URL that is quoted anew is another one.
        with translated(method, url):
            async with asyncio.timeout(None if body is not None else self._patience.document):
                return await self._http.request(
                    method, URL(url, encoded=True), headers=headers, data=None if body is None else body(),
                    allow_redirects=False, ssl=self._context(url), proxy=_proxy(url), timeout=timeout,
                )  # fmt: skip

    def _context(self, url: str) -> ssl.SSLContext | bool:
        host = urlsplit(url).netloc
        if not url.startswith("https:"):
            return True
        if host == self.endpoint.host and self.endpoint.tls is not None:
            return self.endpoint.tls
        if host not in self._contexts:
            self._contexts[host] = secured(host, self._settings)
        return self._contexts[host]

    async def _plain(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        response = await self._send(method, url, headers, None if body is None else lambda: body)
        try:
            return Answer(response.status, response.reason or "", await self.read(response, _DOCUMENT))
        finally:
            response.close()

    async def _refusal(self, response: aiohttp.ClientResponse) -> Refused:
        try:
            body = await self.read(response, _ERROR)
        except RegistryProblem:
            body = b""
        challenges = challenge.parse(response.headers.getall("WWW-Authenticate", []))
        return refusal(response.status, response.reason or "", body, challenges)


def _joined(url: str, location: str) -> str:
    """Where a Location leads; as it stands if that cannot be told."""
    try:
        return urljoin(url, location)
    except ValueError:
        return location


@contextmanager
def translated(method: str, url: str) -> Iterator[None]:
    """What the HTTP library raises, as Unreachable: method, URL without its query, and why."""
    try:
        yield
    except (aiohttp.ClientError, TimeoutError, ConnectionError, ssl.SSLError) as error:
        why = "no answer in time" if isinstance(error, TimeoutError) else _reason(error)
        raise Unreachable(f'{method.capitalize()} "{url.partition("?")[0]}": {why}') from error


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"the certificate cannot be verified: {error.certificate_error}"
    if isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno
        return os.strerror(number).lower() if number and number > 0 else str(error.os_error.strerror)
    return str(error) or type(error).__name__


def _proxy(url: str) -> str | None:
    """From the environment, as dockerd does it; the user's netrc is nobody's business."""
    parts = urlsplit(url)
    proxy = urllib.request.getproxies_environment().get(parts.scheme)
    if proxy is None or not parts.hostname or urllib.request.proxy_bypass(parts.netloc):
        return None
    return proxy
