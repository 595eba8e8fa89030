"""Delays that double with each failure, one for each key: restarts of containers, pulls of images, mounts.

As client-go's flowcontrol.Backoff: a key's first failure starts the delay at its initial value, each further one
doubles it up to the maximum; once a failure comes later than twice the maximum after the one before, it starts
again. Time is given by the caller, in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

from hythe.kube.kubelet.config import Backoff


@dataclass
class _Entry:
    delay: float
    updated: float


class Delays:
    """State of all keys; they are forgotten by `forget` and `expire`."""

    def __init__(self, config: Backoff) -> None:
        self._config = config
        self._entries: dict[str, _Entry] = {}

    def remaining(self, key: str, since: float, now: float) -> float:
        """Seconds that must still pass for an event that was at `since`; 0 if it may be tried."""
        entry = self._entries.get(key)
        if entry is None or since - entry.updated > 2 * self._config.maximum:
            return 0.0
        return max(0.0, since + entry.delay - now)

    def current(self, key: str) -> float:
        """The delay that holds now; 0 for an unknown key."""
        entry = self._entries.get(key)
        return entry.delay if entry else 0.0

    def failed(self, key: str, since: float, now: float) -> float:
        """Count a failure; the delay that holds from now."""
        entry = self._entries.get(key)
        if entry is None or since - entry.updated > 2 * self._config.maximum:
            self._entries[key] = _Entry(self._config.initial, now)
        else:
            entry.delay = min(entry.delay * 2, self._config.maximum)
            entry.updated = now
        return self._entries[key].delay

    def forget(self, prefix: str) -> None:
        """All keys that begin so."""
        for key in [key for key in self._entries if key.startswith(prefix)]:
            del self._entries[key]

    def expire(self, now: float) -> None:
        """Those that nobody has failed with for long."""
        for key, entry in list(self._entries.items()):
            if now - entry.updated > 2 * self._config.maximum:
                del self._entries[key]


def go_duration(seconds: float) -> str:
    """As Go prints a duration: "10s", "2m40s", "1h0m0s", "1.5s", "250ms"."""
    if seconds < 1:
        return f"{seconds * 1000:.6f}".rstrip("0").rstrip(".") + "ms" if seconds else "0s"
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    text = f"{rest:.9f}".rstrip("0").rstrip(".") + "s"
    if hours:
        return f"{int(hours)}h{int(minutes)}m{text}"
    return f"{int(minutes)}m{text}" if minutes else text
