"""Pods that wait for a node: ready to be tried, waiting out a pause, or waiting for the cluster to change.

    add ------------> active --pop--> tried --fits--> gone
                        ^               |
      pause over        |               v  fits nowhere
    back-off <--- something changed --- unschedulable      (after five minutes it is tried anyhow)

Active pods come out by priority, then by age. A pause is 1 s after the first failure, doubled up to 10 s. What
changes while a pod is being tried is not missed: it goes to the back-off at once.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from typing import Final

from hythe.kube.client.cache import key_of
from hythe.kube.client.clock import Clock, Timer
from hythe.kube.objects.types import Object

_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 10.0
_LONGEST_WAIT: Final = 300.0


class _Waiting:
    def __init__(self, pod: Object, at: float) -> None:
        self.pod, self.since = pod, at
        self.attempts = 0
        self.failed_at = 0.0


class SchedulingQueue:
    """By pod key."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pods: dict[str, _Waiting] = {}
        self._heap: list[tuple[int, float, int, str]] = []
        self._active: set[str] = set()
        self._pausing: dict[str, Timer] = {}
        self._unschedulable: set[str] = set()
        self._tried: dict[str, tuple[int, int]] = {}
        self._changes = 0
        self._arrivals = 0
        self._count = itertools.count()
        self._arrival = asyncio.Event()

    def __len__(self) -> int:
        """All that wait or are being tried."""
        return len(self._pods)

    def put(self, pod: Object) -> None:
        """A new pod, or one that changed in a way that may matter."""
        key = key_of(pod)
        known = self._pods.get(key)
        if known is None:
            self._pods[key] = _Waiting(pod, self._clock.monotonic())
            self._activate(key)
            return
        known.pod = pod
        if key in self._unschedulable:
            self._unschedulable.discard(key)
            self._pause(key)

    def note(self, pod: Object) -> None:
        """The same pod, changed in a way that does not matter."""
        known = self._pods.get(key_of(pod))
        if known is not None:
            known.pod = pod

    def remove(self, key: str) -> None:
        """Deleted, or it has a node."""
        self._pods.pop(key, None)
        self._active.discard(key)
        self._unschedulable.discard(key)
        self._tried.pop(key, None)
        if timer := self._pausing.pop(key, None):
            timer.cancel()

    async def pop(self) -> Object:
        """The next pod to try; afterwards `remove` or `failed` it."""
        while True:
            while self._heap:
                key = heapq.heappop(self._heap)[3]
                if key in self._active:
                    self._active.discard(key)
                    self._pods[key].attempts += 1
                    self._tried[key] = self._changes, self._arrivals
                    return self._pods[key].pod
            self._arrival.clear()
            await self._arrival.wait()

    def failed(self, key: str, *, error: bool = False) -> None:
        """It fits nowhere; or there was an `error`, which time alone may mend."""
        waiting = self._pods.get(key)
        changes, arrivals = self._tried.pop(key, (self._changes, self._arrivals))
        if waiting is None:
            return
        waiting.failed_at = self._clock.monotonic()
        missed = changes != self._changes or (arrivals != self._arrivals and _heeds_others(waiting.pod))
        if error or missed:
            self._pause(key)
        else:
            self._unschedulable.add(key)

    def something_changed(self) -> None:
        """Room, labels, volumes: whatever waits for a change is tried again, each after its pause."""
        self._changes += 1
        moved, self._unschedulable = self._unschedulable, set()
        for key in moved:
            self._pause(key)

    def pod_arrived(self) -> None:
        """A pod got a node: only those that heed where others are may have waited for that."""
        self._arrivals += 1
        for key in [each for each in self._unschedulable if _heeds_others(self._pods[each].pod)]:
            self._unschedulable.discard(key)
            self._pause(key)

    def flush(self) -> None:
        """Try what has waited for too long; to be called now and then."""
        now = self._clock.monotonic()
        for key in [each for each in self._unschedulable if now - self._pods[each].failed_at > _LONGEST_WAIT]:
            self._unschedulable.discard(key)
            self._activate(key)

    def _pause(self, key: str) -> None:
        waiting = self._pods[key]
        length = min(_FIRST_PAUSE * 2.0 ** max(0, waiting.attempts - 1), _LONGEST_PAUSE)
        left = waiting.failed_at + length - self._clock.monotonic()
        if left <= 0:
            self._activate(key)
        elif key not in self._pausing:
            self._pausing[key] = self._clock.call_later(left, lambda: self._resume(key))

    def _resume(self, key: str) -> None:
        self._pausing.pop(key, None)
        if key in self._pods:
            self._activate(key)

    def _activate(self, key: str) -> None:
        if key in self._active:
            return
        self._active.add(key)
        waiting = self._pods[key]
        priority = int(waiting.pod["spec"].get("priority") or 0)
        heapq.heappush(self._heap, (-priority, waiting.since, next(self._count), key))
        self._arrival.set()


def _heeds_others(pod: Object) -> bool:
    spec = pod["spec"]
    affinity = spec.get("affinity") or {}
    return bool(affinity.get("podAffinity") or spec.get("topologySpreadConstraints"))
