"""What a plugin is told, and what it answers, as JSON of docker's protocol; and what it is not told."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any, Final

from hythe.api.docker.guarding import Asked

MEDIA_TYPE: Final = "application/vnd.docker.plugins.v1.1+json"
# Secrets of the user's, for registries: a plugin decides about requests, and needs none of them (dockerd, authz.go).
_SECRET: Final = frozenset({"authorization", "x-registry-auth", "x-registry-config"})
# Go keeps the host apart from the headers.
_LEFT_OUT: Final = _SECRET | {"host"}

Json = dict[str, Any]


def request(asked: Asked) -> Json:
    """AuthZReq's body. A request without a body has none here; fields that are empty are left out, as Go does it."""
    return _without_empty(
        {
            "User": asked.peer.name,
            "UserAuthNMethod": asked.peer.method,
            "RequestMethod": asked.method,
            "RequestUri": asked.uri,
            "RequestBody": _base64(asked.body),
            "RequestHeaders": headers(asked.headers),
            "RequestPeerCertificates": [_base64(each) for each in asked.peer.certificates],
        }
    )


def response(asked: Asked, status: int, fields: Iterable[tuple[str, str]], body: bytes) -> Json:
    """AuthZRes's body: the request again, and what it is to be answered."""
    answer = {"ResponseStatusCode": status, "ResponseHeaders": headers(fields), "ResponseBody": _base64(body)}
    return request(asked) | _without_empty(answer)


def headers(fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    """One value a name, spelled as Go spells it: Content-Type."""
    kept = ((name, value) for name, value in fields if name.lower() not in _LEFT_OUT)
    return {"-".join(word.capitalize() for word in name.split("-")): value for name, value in kept}


def verdict(answer: bytes) -> tuple[bool, str]:
    """(allowed, why not). Raises ValueError for what is no verdict, or tells of an error."""
    try:
        found = json.loads(answer)
    except RecursionError as error:
        raise ValueError("its answer is nested too deeply") from error
    if not isinstance(found, dict) or not isinstance(found.get("Allow"), bool):
        raise ValueError("its answer does not say whether to allow")
    if found.get("Err"):
        raise ValueError(str(found["Err"]))
    return found["Allow"], str(found.get("Msg") or "")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _without_empty(fields: Json) -> Json:
    return {name: value for name, value in fields.items() if value}
