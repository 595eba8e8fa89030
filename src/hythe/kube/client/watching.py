"""A watch's body: JSON objects, one a line, each a type and an object."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final, NamedTuple

from hythe.kube.client import failures

ADDED: Final = "ADDED"
MODIFIED: Final = "MODIFIED"
DELETED: Final = "DELETED"
BOOKMARK: Final = "BOOKMARK"


class WatchEvent(NamedTuple):
    """`type` is ADDED, MODIFIED, DELETED or BOOKMARK (an object of nothing but a resourceVersion)."""

    type: str
    object: dict[str, Any]


async def events(pieces: AsyncIterator[bytes]) -> AsyncIterator[WatchEvent]:
    """Raises ApiError for an event of type ERROR; ends where the body ends."""
    rest = b""
    async for piece in pieces:
        *lines, rest = (rest + piece if rest else piece).split(b"\n")
        for line in lines:
            if line:
                yield _event(line)


def _event(line: bytes) -> WatchEvent:
    event = failures.decoded(line)
    if event.get("type") == "ERROR":
        raise failures.from_status(event.get("object") or {})
    return WatchEvent(event.get("type", ""), event.get("object") or {})
