"""A request's body: its bytes, within the limit, and what kind of text they are."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from hythe.kube.apiserver.config import MAX_BODY
from hythe.kube.apiserver.negotiation import JSON, YAML
from hythe.kube.objects.status import too_large, unsupported_media_type

PROTOBUF: Final = "application/vnd.kubernetes.protobuf"
OBJECTS: Final = (JSON, YAML, PROTOBUF)
_JSON_ALIASES: Final = frozenset({"", "*/*", "text/json"})


async def read(request: web.BaseRequest) -> bytes:
    """All of the body. Raises ApiError (413) as soon as it is too long, whatever its head says."""
    if (request.content_length or 0) > MAX_BODY:
        raise too_large(f"limit is {MAX_BODY}")
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    parts: list[bytes] = []
    size = 0
    async for chunk in request.content.iter_any():
        size += len(chunk)
        if size > MAX_BODY:
            raise too_large(f"limit is {MAX_BODY}")
        parts.append(chunk)
    return b"".join(parts)


def media_of(request: web.BaseRequest, accepted: tuple[str, ...] = OBJECTS) -> str:
    """The body's media type; none is JSON. Raises ApiError (415) if it is none of `accepted`."""
    header = request.headers.get("Content-Type", "")
    media = header.partition(";")[0].strip().lower()
    if media in _JSON_ALIASES:
        media = JSON
    if media not in accepted:
        raise unsupported_media_type(accepted)
    return media
