"""Answers: bytes with their type, warnings, and gzip for the large ones that a client takes so.

Compression happens in a thread, so that one client's list of thousands keeps no other waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
import yaml
from aiohttp import web
from isal import isal_zlib

from hythe.kube.apiserver.encoding import dumps
from hythe.kube.apiserver.negotiation import JSON, YAML

_GZIP: Final = 16 + 15  # a gzip head, and the largest window
GZIP_FROM: Final = 128 * 1024
"""Bytes from which an answer is compressed; below, it costs more than it saves (Kubernetes has the same)."""


def ready(
    body: bytes, status: int = 200, media: str = JSON, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Bytes that are an answer already. JSON ends with a newline, as Go writes it."""
    if media == JSON:
        body += b"\n"
    return web.Response(body=body, status=status, headers={"Content-Type": media, **(headers or {})})


def encoded(value: Any, status: int = 200, media: str = JSON) -> web.Response:
    """An object in the form that the client wants."""
    if media == YAML:
        return ready(to_yaml(value), status, YAML)
    return ready(dumps(value), status)


def to_yaml(value: Any) -> bytes:
    text: str = yaml.dump(value, Dumper=yaml.CSafeDumper, default_flow_style=False, allow_unicode=True)
    return text.encode()


def pretty(response: web.Response) -> None:
    """Indent a JSON answer (`?pretty=true`)."""
    if isinstance(response.body, bytes) and response.content_type == JSON:
        response.body = msgspec.json.format(response.body, indent=2) + b"\n"


def warn(response: web.StreamResponse, warnings: Iterable[str]) -> None:
    """Add `Warning: 299 - "..."` headers (RFC 7234, 5.5), each text once."""
    for text in dict.fromkeys(warnings):
        quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
        response.headers.add("Warning", f'299 - "{quoted}"')


async def compress(response: web.Response, accept_encoding: str) -> None:
    """gzip the body if it is large and the client takes that."""
    body = response.body
    if not isinstance(body, bytes) or len(body) < GZIP_FROM or "gzip" not in accept_encoding:
        return
    response.body = await asyncio.to_thread(_gzip, body)
    response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"


def _gzip(body: bytes) -> bytes:
    packer = isal_zlib.compressobj(1, isal_zlib.DEFLATED, _GZIP)
    return packer.compress(body) + packer.flush()
