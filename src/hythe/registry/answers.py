"""Small JSON documents that servers answer with: read, or BadContent. Manifests have a module of their own."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from hythe.registry.failures import BadContent

T = TypeVar("T")


def decoded(data: bytes, type_: type[T], what: str) -> T:
    """`what` names it in the message. Raises BadContent for what is not JSON, not of the type, or nested endlessly."""
    try:
        return msgspec.json.decode(data, type=type_)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadContent(f"{what} cannot be read: {error}") from error
