"""The queue between the API and the workers: a list in Redis, of order numbers.

The queue is only a bell: what must not be lost is the order, and that is in PostgreSQL. A worker that starts
rings for whatever is still open there.
"""

from __future__ import annotations

from typing import cast

from redis import Redis

_KEY = "shop:jobs"


class Jobs:
    """The queue in the Redis at `url`."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url, socket_connect_timeout=3, socket_timeout=30)

    def push(self, number: int) -> None:
        self._redis.rpush(_KEY, number)

    def pop(self, seconds: int) -> int | None:
        """The next order's number; None if there was none for so long."""
        found = cast("list[bytes] | None", self._redis.blpop([_KEY], timeout=seconds))
        return int(found[1]) if found else None

    def ping(self) -> None:
        self._redis.ping()
