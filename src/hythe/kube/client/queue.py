"""A queue of keys to be worked on, as controllers want it.

A key that is queued twice is worked on once. A key that comes while it is being worked on is kept back, and given out
again when that work is done, so no key is ever in two hands. Failures come back later and later (5 ms, doubled up to
1000 s, each key for itself), and all of them together pass a bucket of 10 a second with a burst of 100: client-go's
own numbers.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import deque
from typing import Final, Generic, TypeVar

from hythe.kube.client.clock import Clock, SystemClock, Timer

Key = TypeVar("Key")

_FIRST_DELAY: Final = 0.005
_LONGEST_DELAY: Final = 1000.0
_RATE: Final = 10.0
_BURST: Final = 100.0


class ShutDown(Exception):
    """The queue gives out no more."""


class Bucket:
    """Tokens that come back with time; `take` says how long to wait for one, in seconds."""

    def __init__(self, clock: Clock, rate: float, burst: float) -> None:
        self._clock, self._rate, self._burst = clock, rate, burst
        self._tokens, self._at = burst, clock.monotonic()

    def take(self) -> float:
        """Reserve one token, if need be a future one."""
        self._refill()
        self._tokens -= 1
        return max(0.0, -self._tokens / self._rate)

    def try_take(self) -> bool:
        """Take one if there is one."""
        self._refill()
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def _refill(self) -> None:
        now = self._clock.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now


class WorkQueue(Generic[Key]):
    """`get`, work, `forget` or `add_rate_limited`, `done`: in this order, for each key."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._ready: deque[Key] = deque()
        self._dirty: set[Key] = set()
        self._working: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._later: list[tuple[float, int, Key]] = []
        self._due: dict[Key, float] = {}
        self._count = itertools.count()
        self._timer: Timer | None = None
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._bucket = Bucket(self._clock, _RATE, _BURST)
        self._closed = False

    def __len__(self) -> int:
        """Keys that are ready."""
        return len(self._ready)

    def add(self, key: Key) -> None:
        if self._closed or key in self._dirty:
            return
        self._dirty.add(key)
        if key not in self._working:
            self._ready.append(key)
            self._wake()

    def add_after(self, key: Key, seconds: float) -> None:
        """The earliest of several wishes for the same key counts."""
        if seconds <= 0:
            self.add(key)
            return
        due = self._clock.monotonic() + seconds
        if self._closed or self._due.get(key, due) < due:
            return
        self._due[key] = due
        heapq.heappush(self._later, (due, next(self._count), key))
        self._arm()

    def add_rate_limited(self, key: Key, *, alone: bool = False) -> None:
        """After a failure; `alone`: it was the key's own affair (a conflict), the common bucket is left out of it."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        delay = min(_FIRST_DELAY * 2.0 ** min(failures, 30), _LONGEST_DELAY)
        self.add_after(key, delay if alone else max(delay, self._bucket.take()))

    def forget(self, key: Key) -> None:
        """The key has succeeded: its next failure is a first one."""
        self._failures.pop(key, None)

    def failures(self, key: Key) -> int:
        """How often it has failed in a row."""
        return self._failures.get(key, 0)

    async def get(self) -> Key:
        """The next key, which is in the caller's hands until `done`. Raises ShutDown."""
        while not self._ready:
            if self._closed:
                raise ShutDown
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                if self._ready:  # it may have been woken already: the next one takes its turn
                    self._wake()
                raise
        key = self._ready.popleft()
        self._dirty.discard(key)
        self._working.add(key)
        return key

    def done(self, key: Key) -> None:
        self._working.discard(key)
        if key in self._dirty:
            self._ready.append(key)
            self._wake()

    def close(self) -> None:
        """What is ready is still given out; nothing more is taken."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        while self._waiters:
            self._wake()

    def _wake(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():  # a cancelled one must not take another's turn
                waiter.set_result(None)
                return

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if self._later:
            wait = max(0.0, self._later[0][0] - self._clock.monotonic())
            self._timer = self._clock.call_later(wait, self._ring)

    def _ring(self) -> None:
        now = self._clock.monotonic()
        while self._later and self._later[0][0] <= now:
            due, _, key = heapq.heappop(self._later)
            if self._due.get(key) == due:  # else an earlier wish has been met already
                del self._due[key]
                self.add(key)
        self._timer = None
        self._arm()
