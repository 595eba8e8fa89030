"""Tokens: each stands for one request that was let in over gRPC, may be used once, and not for long.

The streaming server trusts nobody for being on this machine: without a token there is nothing to be had.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Final

from cri_api.v1 import api_pb2 as cri

from hythe.errors import NotFound, Unavailable

SECONDS: Final = 60.0
MOST: Final = 1000
"""Unused tokens at a time."""

Request = cri.ExecRequest | cri.AttachRequest | cri.PortForwardRequest


class Tokens:
    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._given: dict[str, tuple[float, Request]] = {}

    def give(self, request: Request) -> str:
        """A token for it. Raises Unavailable while too many are unused."""
        self._forget()
        if len(self._given) >= MOST:
            raise Unavailable(
                f"{MOST} streams have been asked for and not been opened", hint="try again later"
            )
        token = secrets.token_urlsafe(24)
        self._given[token] = (self._now() + SECONDS, request)
        return token

    def take(self, token: str) -> Request:
        """What it stands for; it stands for nothing from now on. Raises NotFound."""
        self._forget()
        found = self._given.pop(token, None)
        if found is None:
            raise NotFound("the token is not known: it has been used, or is too old")
        return found[1]

    def _forget(self) -> None:
        """They are in the order of their end."""
        now = self._now()
        while self._given:
            token, (end, _) = next(iter(self._given.items()))
            if end > now:
                return
            del self._given[token]
