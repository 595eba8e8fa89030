"""How many requests may be under way at once: beyond that a client is told to come again, and the others are served.

Reads and writes are counted apart, so that neither keeps the other out; watches and streams, which last, are not
counted; nor is `system:masters`, so that an administrator always gets in. Source: Kubernetes' max-in-flight filter,
whose limits these are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from hythe.kube.apiserver.identity import MASTERS, User
from hythe.kube.apiserver.metrics import lasts
from hythe.kube.apiserver.request import RequestInfo
from hythe.kube.objects.status import too_many_requests

READS: Final = 400
WRITES: Final = 200
_RETRY_SECONDS: Final = 1
_READING: Final = frozenset({"get", "list", "watch", "head"})


class InFlight:
    """Counts, on the event loop."""

    def __init__(self, reads: int = READS, writes: int = WRITES) -> None:
        self._free = {True: reads, False: writes}

    @contextmanager
    def place(self, user: User, info: RequestInfo) -> Iterator[None]:
        """A place for one request. Raises ApiError (429) if there is none."""
        if lasts(info) or MASTERS in user.groups:
            yield
            return
        reading = info.verb in _READING
        if not self._free[reading]:
            raise too_many_requests("Too many requests, please try again later.", _RETRY_SECONDS)
        self._free[reading] -= 1
        try:
            yield
        finally:
            self._free[reading] += 1
