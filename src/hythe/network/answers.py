"""Answers of other name servers, kept for as long as they said, and never more than a fixed number of them.

Keyed by the question as asked, without regard to case, and by whether the asker speaks EDNS and wants DNSSEC,
since the answer depends on that. When full, the oldest entry goes: a cache of one host needs no more.
"""

from __future__ import annotations

from collections.abc import Callable

from hythe.wire.dns import Malformed, aged, read_reply

_LONGEST = 300  # seconds, whatever a record says: a host's own servers cache for longer


class AnswerCache:
    """Bounded by `entries` and `longest` seconds each; `clock` in seconds that never go back."""

    def __init__(self, clock: Callable[[], float], entries: int = 4096, longest: int = _LONGEST) -> None:
        self._clock, self._entries, self._longest = clock, entries, longest
        self._kept: dict[bytes, tuple[float, float, bytes, tuple[int, ...]]] = {}

    def get(self, key: bytes) -> bytes | None:
        """A live answer with its TTLs lowered by its age; its id is to be replaced."""
        entry = self._kept.get(key)
        if entry is None:
            return None
        stored, expires, data, offsets = entry
        now = self._clock()
        if now >= expires:
            del self._kept[key]
            return None
        return aged(data, offsets, int(now - stored))

    def put(self, key: bytes, data: bytes) -> None:
        """Keep an answer if it may be kept."""
        try:
            reply = read_reply(data)
        except Malformed:
            return
        lifetime = min(reply.lifetime, self._longest)
        if lifetime <= 0:
            return
        self._kept.pop(key, None)
        if len(self._kept) >= self._entries:
            del self._kept[next(iter(self._kept))]
        now = self._clock()
        self._kept[key] = (now, now + lifetime, data, reply.ttl_offsets)


def cache_key(question: bytes, message: bytes) -> bytes:
    """The question and everything behind it (the OPT record), in lower case: equal for equal requests."""
    return question.lower() + message[2:4] + message[12 + len(question) :]
