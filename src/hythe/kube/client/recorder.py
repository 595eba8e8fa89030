"""Events: what a component tells people about an object, written in the background.

The same news about the same object becomes one Event whose `count` grows. More than ten that differ only in their
message within ten minutes become one "(combined from similar events)". An object may cause 25 at once, and then one
in five minutes: client-go's numbers. Nobody waits for an Event: what cannot be written is logged and dropped.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import OrderedDict, deque
from typing import Any, Final, NamedTuple

from hythe.errors import HytheError
from hythe.kube.client.client import Client
from hythe.kube.client.clock import Clock, SystemClock, timestamp
from hythe.kube.client.queue import Bucket
from hythe.kube.client.resources import EVENTS
from hythe.kube.objects.types import Object

_log = logging.getLogger(__name__)

NORMAL: Final = "Normal"
WARNING: Final = "Warning"

_SIMILAR: Final = 10
_SIMILAR_WITHIN: Final = 600.0
_BURST: Final = 25.0
_RATE: Final = 1 / 300
_REMEMBERED: Final = 4096
_WAITING: Final = 1000


class News(NamedTuple):
    """One thing to tell; `involved` is the ObjectReference."""

    involved: tuple[tuple[str, str], ...]
    type: str
    reason: str
    message: str


class Correlator:
    """Pure: which Event a piece of news belongs to. Its memory is bounded."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._similar: OrderedDict[tuple[Any, ...], tuple[float, set[str]]] = OrderedDict()
        self._buckets: OrderedDict[tuple[Any, ...], Bucket] = OrderedDict()

    def correlate(self, news: News) -> News | None:
        """The news with the message that it is counted under; None: there have been too many."""
        if not self._allowed(news):
            return None
        now = self._clock.monotonic()
        key = (news.involved, news.type, news.reason)
        since, messages = self._similar.get(key, (now, set()))
        if now - since > _SIMILAR_WITHIN:
            since, messages = now, set()
        messages.add(news.message)
        _remember(self._similar, key, (now, messages))
        if len(messages) > _SIMILAR:
            return news._replace(message=f"(combined from similar events): {news.message}")
        return news

    def _allowed(self, news: News) -> bool:
        bucket = self._buckets.get(news.involved) or Bucket(self._clock, _RATE, _BURST)
        _remember(self._buckets, news.involved, bucket)
        return bucket.try_take()


class Recorder:
    """One component's events; `run` writes them."""

    def __init__(self, client: Client, component: str, *, host: str = "", clock: Clock | None = None) -> None:
        """`host`: the node, for a component that runs on each."""
        self._client, self._clock = client, clock or SystemClock()
        self._source = {"component": component, **({"host": host} if host else {})}
        self._correlator = Correlator(self._clock)
        self._waiting: deque[News] = deque(maxlen=_WAITING)
        self._numbers = itertools.count()
        self._wake = asyncio.Event()
        self._written: OrderedDict[tuple[Any, ...], Object] = OrderedDict()

    def event(self, body: Object, type: str, reason: str, message: str, *, field: str = "") -> None:
        """`body` is the object that it is about (with apiVersion and kind), `type` NORMAL or WARNING.

        `field` is the part of it that is meant, as a fieldPath.
        """
        news = self._correlator.correlate(News(reference(body, field), type, reason, message[:1024]))
        if news is not None:
            self._waiting.append(news)
            self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.flush()

    async def flush(self) -> None:
        """Write what waits."""
        while self._waiting:
            news = self._waiting.popleft()
            try:
                await self._write(news)
            except HytheError as error:
                _log.info("an event about %s was not written: %s", dict(news.involved).get("name"), error)

    async def _write(self, news: News) -> None:
        combined = news.message.startswith("(combined from similar events)")
        key = (news.involved, news.type, news.reason, "" if combined else news.message)
        known = self._written.get(key)
        written = await self._count(known, news) if known is not None else None
        if written is None:
            written = await self._client.create(EVENTS, self._new(news))
        _remember(self._written, key, written)

    async def _count(self, known: Object, news: News) -> Object | None:
        """One more of an Event; None when it is no longer there."""
        meta = known["metadata"]
        patch = {
            "count": known.get("count", 1) + 1,
            "lastTimestamp": timestamp(self._clock.now()),
            "message": news.message,
        }
        try:
            return await self._client.patch(EVENTS, meta["name"], patch, meta["namespace"])
        except HytheError as error:
            if getattr(error, "code", 0) == 404:
                return None
            raise

    def _new(self, news: News) -> Object:
        involved = dict(news.involved)
        now = self._clock.now()
        namespace = involved.get("namespace") or "default"
        stamp = f"{int(now.timestamp() * 1e6) * 1000 + next(self._numbers) % 1000:x}"
        return {
            "apiVersion": "v1", "kind": "Event",
            "metadata": {"name": f"{involved['name']}.{stamp}"[-253:], "namespace": namespace},
            "involvedObject": involved, "type": news.type, "reason": news.reason, "message": news.message,
            "source": self._source, "count": 1,
            "firstTimestamp": timestamp(now), "lastTimestamp": timestamp(now), "eventTime": None,
            "reportingComponent": self._source["component"], "reportingInstance": self._source.get("host", ""),
        }  # fmt: skip


def reference(body: Object, field: str = "") -> tuple[tuple[str, str], ...]:
    """An ObjectReference, in a form that can be a key; `field` is its fieldPath."""
    meta = body["metadata"]
    pairs = (
        ("kind", body.get("kind", "")), ("namespace", meta.get("namespace", "")), ("name", meta["name"]),
        ("uid", meta.get("uid", "")), ("apiVersion", body.get("apiVersion", "")),
        ("resourceVersion", meta.get("resourceVersion", "")), ("fieldPath", field),
    )  # fmt: skip
    return tuple((name, value) for name, value in pairs if value and name != "resourceVersion")


def _remember(memory: OrderedDict[tuple[Any, ...], Any], key: tuple[Any, ...], value: Any) -> None:
    memory[key] = value
    memory.move_to_end(key)
    while len(memory) > _REMEMBERED:
        memory.popitem(last=False)
