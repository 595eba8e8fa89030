"""What a controller has done and its informer has not yet shown.

A controller that made three pods and looks at its cache at once may see none of them, and would make three more. So
it says beforehand how many it makes and deletes; each that the informer shows is counted off, and until all are (or
five minutes have gone, for an event may have been lost) it does not act on what it sees.
"""

from __future__ import annotations

from typing import Final

from hythe.kube.client.clock import Clock

_FORGOTTEN: Final = 300.0


class _Pending:
    def __init__(self, at: float) -> None:
        self.at = at
        self.creations = 0
        self.deletions: set[str] = set()


class Expectations:
    """By the controller's key of the owner. Deletions are told apart by uid: a pod's end is seen more than once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pending: dict[str, _Pending] = {}

    def expect(
        self, key: str, creations: int = 0, deletions: set[str] | frozenset[str] = frozenset()
    ) -> None:
        """Before they are done."""
        pending = self._pending.setdefault(key, _Pending(self._clock.monotonic()))
        pending.at = self._clock.monotonic()
        pending.creations += creations
        pending.deletions |= deletions

    def created(self, key: str, count: int = 1) -> None:
        """An informer has shown it, or the request failed."""
        pending = self._pending.get(key)
        if pending is not None:
            pending.creations = max(0, pending.creations - count)

    def deleted(self, key: str, uid: str) -> None:
        pending = self._pending.get(key)
        if pending is not None:
            pending.deletions.discard(uid)

    def fulfilled(self, key: str) -> bool:
        """May the controller trust its cache?"""
        pending = self._pending.get(key)
        if pending is None:
            return True
        if not pending.creations and not pending.deletions:
            return True
        return self._clock.monotonic() - pending.at > _FORGOTTEN

    def forget(self, key: str) -> None:
        self._pending.pop(key, None)
