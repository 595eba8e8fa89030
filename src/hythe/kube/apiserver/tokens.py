"""`continue` tokens: at which revision a list began, and behind which key it goes on.

Opaque to clients. A token whose revision is compacted is answered with 410 and, as in Kubernetes, a second token that
goes on at the same key in the newest state.
"""

from __future__ import annotations

import base64
from typing import NamedTuple

import msgspec

from hythe.kube.objects.status import ApiError, bad_request
from hythe.kube.objects.types import Object

_EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


class Token(NamedTuple):
    """`revision` -1: the newest state, whatever it is. `after`: the last key that was shown, without the prefix."""

    revision: int
    after: str

    def encode(self) -> str:
        said = {"v": "meta.k8s.io/v1", "rv": self.revision, "start": self.after}
        return base64.urlsafe_b64encode(msgspec.json.encode(said)).rstrip(b"=").decode()


def decode(text: str) -> Token:
    """Raises ApiError (BadRequest) for what is no token of ours."""
    try:
        said = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        token = Token(said["rv"], said["start"])
    except (ValueError, KeyError, TypeError) as error:
        raise bad_request(f"continue key is not valid: {error}") from error
    if not isinstance(token.revision, int) or not isinstance(token.after, str):
        raise bad_request("continue key is not valid: incorrect encoded start resourceVersion")
    return token


class Outdated(ApiError):
    """410; its Status carries a token that goes on without consistency."""

    def __init__(self, token: Token) -> None:
        super().__init__(410, "Expired", _EXPIRED)
        self._token = Token(-1, token.after)

    def status(self) -> Object:
        return {**super().status(), "metadata": {"continue": self._token.encode()}}
