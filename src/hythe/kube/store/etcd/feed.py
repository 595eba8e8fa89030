"""One watch of all of etcd's keys feeds the hub, whoever writes them; and the past is replayed from etcd.

All keys, since every revision then has an event, and the hub is at a revision as soon as it has seen it: how far a
watcher has come needs no further question to etcd. Keys that are not ours (without "/" at their beginning) only count.

When the stream breaks, it is opened again behind the last revision. If that has been compacted meanwhile, the hub
forgets what it kept, and each watcher finds out from etcd itself whether it can go on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

import grpc.aio

from hythe.errors import HytheError
from hythe.kube.store.contract import Compacted, Event
from hythe.kube.store.etcd.channel import Channel, problem
from hythe.kube.store.etcd.messages import DELETE
from hythe.kube.store.hub import Hub

log = logging.getLogger("hythe.kube.store")

RETRY_SECONDS: Final = 0.5
_ALL: Final = {"key": b"\0", "range_end": b"\0", "prev_kv": True}


class Feed:
    """Runs from `start` to `stop`."""

    def __init__(self, channel: Channel, revision: int) -> None:
        self._channel = channel
        self.hub = Hub(revision, self._replay)
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns when etcd's watch stands. Raises HytheError."""
        stream = await self._open(self.hub.revision + 1)
        self._task = asyncio.create_task(self._run(stream), name="etcd-feed")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self.hub.close()

    async def reach(self, revision: int) -> None:
        """Returns when the hub has been told of everything up to `revision`."""
        if self.hub.revision < revision:
            reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((revision, reached))
            await reached

    async def _open(self, start: int) -> Any:
        """A stream whose watch etcd has confirmed. That its beginning is compacted is told by a later response."""
        stream = await self._channel.watch(start_revision=start, **_ALL)
        try:
            await _read(stream)
        except BaseException:
            stream.cancel()
            raise
        return stream

    async def _run(self, stream: Any) -> None:
        while True:
            try:
                await self._follow(stream)
            except Compacted as error:
                self.hub.skip(error.compacted)
            except HytheError as error:
                log.warning("the watch of etcd has ended: %s", error)
            finally:
                stream.cancel()
            stream = await self._again()

    async def _follow(self, stream: Any) -> None:
        while True:
            response = await _read(stream)
            if response.events:
                self._publish(events(response.events), response.events[-1].kv.mod_revision)

    async def _again(self) -> Any:
        while True:
            try:
                return await self._open(self.hub.revision + 1)
            except HytheError:
                await asyncio.sleep(RETRY_SECONDS)

    def _publish(self, found: list[Event], revision: int) -> None:
        self.hub.publish(found, revision)
        waiting, self._waiting = self._waiting, []
        for wanted, reached in waiting:
            if wanted > revision:
                self._waiting.append((wanted, reached))
            elif not reached.done():
                reached.set_result(None)

    async def _replay(self, prefix: str, after: int, until: int, limit: int) -> tuple[list[Event], int]:
        """See `hub.Replay`. `until` has an event, of some key, so the stream comes to it."""
        begin = after
        stream = await self._open(after + 1)
        found: list[Event] = []
        try:
            while len(found) < limit:
                response = await _read(stream)
                for event in response.events:
                    after = event.kv.mod_revision
                    if after > until:
                        return found, until
                found += (event for event in events(response.events) if event.key.startswith(prefix))
                if after >= until:
                    return found, until
            return found, after
        except Compacted as error:
            raise Compacted(begin, error.compacted) from error
        finally:
            stream.cancel()


def events(raw: Iterable[Any]) -> list[Event]:
    """etcd's events as ours; those of keys that are not ours are left out."""
    return [_event(event) for event in raw if event.kv.key.startswith(b"/")]


def _event(event: Any) -> Event:
    value = None if event.type == DELETE else event.kv.value
    # A key that was made again has been deleted before, so what etcd sends as the value before is the one of this life.
    previous = event.prev_kv.value if event.HasField("prev_kv") else None
    return Event(event.kv.key.decode(errors="replace"), event.kv.mod_revision, value, previous)


async def _read(stream: Any) -> Any:
    """The next response. Raises Unavailable when the stream has ended, Compacted when etcd says so."""
    try:
        response = await stream.read()
    except (grpc.aio.AioRpcError, grpc.aio.UsageError) as error:
        raise problem(error) from error
    if response is grpc.aio.EOF:
        raise problem(EOFError("the stream has ended"))
    if response.compact_revision:
        raise Compacted(0, response.compact_revision)
    if response.canceled:
        raise problem(EOFError(response.cancel_reason))
    return response
