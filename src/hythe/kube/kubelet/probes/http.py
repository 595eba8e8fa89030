"""HTTP requests of probes and hooks: one connection each, no certificate checked, as the kubelet does it.

Errors are in the words of Go's client, which is what users know: `Get "http://10.0.0.1:80/": dial tcp ...`. A redirect
to the same host is followed, one to another host counts as well. At most 10 KiB of the body are read.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from functools import cache
from typing import NamedTuple
from urllib.parse import urlsplit

import aiohttp

from hythe.kube.objects.types import Object

LARGEST = 10 * 1024
REDIRECTS = 10


class Answer(NamedTuple):
    """`error` is set where there was no answer at all, `status` 0 then."""

    status: int
    body: str
    error: str = ""


def url_of(get: Object, host: str, port: int) -> str:
    """Of an httpGet action; a path is taken as it stands, with its query."""
    scheme = str(get.get("scheme") or "HTTP").lower()
    shown = f"[{host}]" if ":" in host else host
    path = str(get.get("path") or "/")
    return f"{scheme}://{shown}:{port}" + (path if path.startswith("/") else f"/{path}")


def headers_of(get: Object, agent: str) -> dict[str, str]:
    found = {"User-Agent": agent, "Accept": "*/*", "Connection": "close"}
    for one in get.get("httpHeaders") or []:
        name = next((known for known in found if known.lower() == one["name"].lower()), one["name"])
        found[name] = one.get("value", "")
    return {name: value for name, value in found.items() if value}


@cache
def _trusting() -> ssl.SSLContext:
    """Without the system's authorities, which take longer to load than a probe to ask."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def request(
    get: Object, host: str, port: int, *, timeout: float, agent: str = "kube-probe/1.32"
) -> Answer:
    """GET it once. Never raises for what the other side does."""
    url = url_of(get, host, port)
    headers = headers_of(get, agent)
    limits = aiohttp.ClientTimeout(total=timeout)
    try:
        async with aiohttp.ClientSession(
            timeout=limits,
            connector=aiohttp.TCPConnector(ssl=_trusting(), force_close=True),
            auto_decompress=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
        ) as session:
            return await _followed(session, url, headers)
    except TimeoutError:
        return Answer(
            0, "", f'Get "{url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
        )
    except aiohttp.ClientConnectorError as error:
        number = error.os_error.errno
        why = os.strerror(number).lower() if number and number > 0 else str(error.os_error)
        return Answer(0, "", f'Get "{url}": dial tcp {error.host}:{error.port}: connect: {why}')
    except (aiohttp.ClientError, OSError, ValueError, asyncio.IncompleteReadError) as error:
        return Answer(0, "", f'Get "{url}": {error or "EOF"}')


async def _followed(session: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> Answer:
    host = urlsplit(url).hostname
    for _ in range(REDIRECTS):
        async with session.get(url, headers=headers, allow_redirects=False) as answer:
            place = answer.headers.get("Location")
            if answer.status in (301, 302, 303, 307, 308) and place:
                following = str(answer.url.join(type(answer.url)(place)))
                if urlsplit(following).hostname == host:
                    url = following
                    continue
            body = await answer.content.read(LARGEST)
            return Answer(answer.status, body.decode(errors="replace"))
    return Answer(0, "", f'Get "{url}": stopped after {REDIRECTS} redirects')
