"""/openapi/v2, as far as old clients need it: kubectl before 1.29 does not apply without such a document.

They ask for protobuf, and get a document that says nothing but who answers: a client that finds no definition of a
kind falls back on what it knows of built-in kinds, and on merge patches for others. Who asks for JSON gets the whole
document (`hythe.kube.objects.publish.swagger`, by `publishing`).

Source: gnostic, openapiv2/OpenAPIv2.proto: Document {1 swagger, 2 info {1 title, 2 version}, 8 paths, 9 definitions}.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from hythe.kube.apiserver.answer import ready
from hythe.kube.apiserver.versions import VERSION

MEDIA: Final = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
ASKED: Final = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
_BYTES: Final = 2  # the wire type of texts and messages


def is_asked(request: web.BaseRequest) -> bool:
    """Whether the client wants protobuf."""
    return ASKED in request.headers.get("Accept", "")


def answer() -> web.Response:
    """The document in protobuf."""
    return ready(document(), media=MEDIA, headers={"Vary": "Accept"})


def document() -> bytes:
    """A Document without paths and definitions."""
    info = _field(1, b"Kubernetes") + _field(2, VERSION.encode())
    return _field(1, b"2.0") + _field(2, info) + _field(8, b"") + _field(9, b"")


def _field(number: int, value: bytes) -> bytes:
    """All of ours are shorter than 128 bytes, so that a length is one byte."""
    return bytes([number << 3 | _BYTES, len(value)]) + value
