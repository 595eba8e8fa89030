"""watch: changes as they happen, each a line of JSON.

    client    watch=true&resourceVersion=RV     changes after RV
              no resourceVersion, or "0"        first what is there, as ADDED, then changes
              sendInitialEvents=true            first what is there, then a bookmark that says so, then changes

With a selector a change may mean another thing to the client than it is: an object that begins to match is ADDED, one
that no longer does is DELETED. So each event carries the value before it. A change is encoded once for all watchers
that want it whole (`events.Encoder`). A client that reads slowly is waited for alone: its watch of the store keeps
nothing in memory and reads on from the history.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Final

from aiohttp import web

from hythe.base.departure import until_gone
from hythe.kube.apiserver.call import Call
from hythe.kube.apiserver.collecting import collect, number
from hythe.kube.apiserver.events import Encoder
from hythe.kube.apiserver.negotiation import YAML, refusal
from hythe.kube.apiserver.options import ListOptions, list_options
from hythe.kube.apiserver.records import Kept, expired, too_new
from hythe.kube.apiserver.selection import Selection, select
from hythe.kube.store.contract import Batch, Compacted, Watch

BOOKMARK_SECONDS: Final = 60.0
_DEFAULT_SECONDS: Final = (1800, 3600)
_PIECE: Final = 50  # objects
INITIAL_END: Final = {"k8s.io/initial-events-end": "true"}


async def watch(call: Call) -> web.StreamResponse:
    """Answers until the client leaves, its time is over, or the history it reads from is gone."""
    wanted, options = call.wanted(), list_options(call.query)
    if wanted.media == YAML:
        raise refusal()
    selection = select(call.definition, call.namespace, options)
    encoder = Encoder(call, wanted, selection)
    first, after = await _beginning(call, selection, options, encoder)
    changes = await call.machine.records.watch(
        call.definition, selection.namespace, _exact(call, selection), after
    )
    try:
        return await _answer(call, options, encoder, first, changes)
    finally:
        changes.close()


def _exact(call: Call, selection: Selection) -> str:
    """The name, if it and the namespace say one key."""
    return selection.name if selection.namespace or not call.definition.namespaced else ""


async def _beginning(
    call: Call, selection: Selection, options: ListOptions, encoder: Encoder
) -> tuple[Iterator[bytes], int]:
    """The events that a watch begins with, and the revision after which it goes on."""
    fresh = options.revision in ("", "0") if options.initial_events is None else options.initial_events
    if not fresh:
        if options.revision in ("", "0"):
            return iter(()), await call.machine.records.store.revision()
        return iter(()), await _reached(call, number(options.revision))
    if options.revision not in ("", "0"):
        await _reached(call, number(options.revision))
    found = await collect(call, selection, ListOptions())
    end = (
        encoder.bookmark(found.revision, INITIAL_END) if options.initial_events and options.bookmarks else b""
    )
    return _pieces(encoder, found.kept, end), found.revision


def _pieces(encoder: Encoder, kept: Sequence[Kept], end: bytes) -> Iterator[bytes]:
    """What is there, some objects at a time: no more is encoded than a client takes, however many begin at once."""
    for begin in range(0, len(kept), _PIECE):
        yield b"".join(map(encoder.added, kept[begin : begin + _PIECE]))
    if end:
        yield end


async def _reached(call: Call, wanted: int) -> int:
    current = await call.machine.records.store.revision()
    if wanted > current:
        raise too_new(wanted, current)
    return wanted


async def _answer(
    call: Call, options: ListOptions, encoder: Encoder, first: Iterator[bytes], changes: Watch
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.enable_chunked_encoding()
    await response.prepare(call.request)
    seconds = options.timeout or random.uniform(*_DEFAULT_SECONDS)

    async def send() -> None:
        for piece in first:
            await response.write(piece)
        async for lines in _lines(encoder, changes, bookmarks=options.bookmarks):
            await response.write(lines)

    try:
        await asyncio.wait_for(until_gone(call.connection.gone, send()), seconds)
    except TimeoutError:
        pass
    await response.write_eof()
    return response


async def _lines(encoder: Encoder, changes: Watch, *, bookmarks: bool) -> AsyncIterator[bytes]:
    """What is sent, a batch at a time; a bookmark now and then where nothing else is."""
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle | None = None
    try:
        while True:
            if bookmarks and timer is None:
                timer = loop.call_later(BOOKMARK_SECONDS, changes.request_progress)
            batch = await _next(changes)
            if isinstance(batch, bytes):
                yield batch
                return
            if batch is None:
                return
            if batch.events:
                lines = encoder.changes(batch.events)
                if lines:
                    yield lines
            elif bookmarks:
                timer = None
                yield encoder.bookmark(batch.revision)
    finally:
        if timer is not None:
            timer.cancel()


async def _next(changes: Watch) -> Batch | bytes | None:
    """The next batch; None at the end; the last line of a watch whose history has been given up."""
    try:
        return await anext(changes, None)
    except Compacted as error:
        return Encoder.error(expired(error))
