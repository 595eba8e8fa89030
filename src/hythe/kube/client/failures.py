"""From an answer to what it means: JSON decoded, a Status that says Failure made into an `ApiError`."""

from __future__ import annotations

from typing import Any

import msgspec

from hythe.errors import Unavailable
from hythe.kube.client.framing import Head
from hythe.kube.objects.status import ApiError


def decoded(body: bytes) -> dict[str, Any]:
    """Raises Unavailable for what is no JSON object."""
    try:
        answer = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise Unavailable("the API server's answer is no JSON") from error
    if not isinstance(answer, dict):
        raise Unavailable("the API server's answer is no object")
    return answer


def from_status(status: dict[str, Any], code: int = 500) -> ApiError:
    return ApiError.from_status(status, code)


def of(head: Head, body: bytes) -> ApiError:
    """The error of an answer whose status is none of success; proxies and dying servers may answer no Status."""
    try:
        answer = decoded(body)
    except Unavailable:
        answer = {}
    if answer.get("kind") == "Status":
        return from_status(answer, head.status)
    message = body[:500].decode(errors="replace").strip() or head.reason or "no reason was given"
    return ApiError(head.status, "InternalError" if head.status >= 500 else "Unknown", message)
