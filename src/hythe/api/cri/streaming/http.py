"""The head of one HTTP request, and of its answer: all that stands before an upgrade.

Strict and small: one request a connection, no body, at most 16 KiB. Whoever comes here is a kubelet or crictl that was
given the URL a moment ago. A browser is not wanted: a request that a page makes carries its origin.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlsplit

from hythe.errors import InvalidArgument

HEAD_LIMIT: Final = 1 << 14


@dataclass(frozen=True)
class Head:
    """`headers` by name in lower case, each with all its values."""

    method: str
    path: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, Sequence[str]]

    def one(self, name: str) -> str:
        """The header's first value, "" for none."""
        return next(iter(self.headers.get(name, ())), "")

    def words(self, name: str) -> list[str]:
        """The elements of a header that is a list (RFC 9110, 5.6.1)."""
        parts = [part.strip() for value in self.headers.get(name, ()) for part in value.split(",")]
        return [part for part in parts if part]

    @property
    def upgrade(self) -> str:
        """What the connection is to become, in lower case; "" for a plain request."""
        if "upgrade" not in (word.lower() for word in self.words("connection")):
            return ""
        return self.one("upgrade").lower()


async def read_head(reader: asyncio.StreamReader) -> Head:
    """Raises InvalidArgument, EOFError for a client that has left."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        raise EOFError from error
    except asyncio.LimitOverrunError as error:
        raise InvalidArgument("the head of the request is too long") from error
    return parse_head(raw)


def parse_head(raw: bytes) -> Head:
    """Raises InvalidArgument."""
    first, *lines = raw.decode("latin-1")[:-4].split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1.") or not words[1].startswith("/"):
        raise InvalidArgument(f"this is no request: {first[:80]!r}")
    headers: dict[str, list[str]] = {}
    for line in lines:
        name, separator, value = line.partition(":")
        if not separator or not name or name != name.strip():
            raise InvalidArgument(f"this is no header: {line[:80]!r}")
        headers.setdefault(name.lower(), []).append(value.strip())
    if "origin" in headers:
        raise InvalidArgument("pages may not connect here")
    url = urlsplit(words[1])
    return Head(words[0], url.path, parse_qs(url.query), headers)


def answer(status: str, headers: Mapping[str, str], body: str = "") -> bytes:
    """`status` as "101 Switching Protocols"."""
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items())]
    if not status.startswith("101"):
        lines += [
            "Content-Type: text/plain; charset=utf-8",
            f"Content-Length: {len(body.encode())}",
            "Connection: close",
        ]
    return ("\r\n".join([*lines, "", ""]) + body).encode()
