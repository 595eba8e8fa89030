"""Many writers, one fsync: changes are gathered into transactions, and their callers answered after the commit.

    event loop   BEGIN, change, change, change      | gathers what comes meanwhile |  publish, answer; BEGIN, ...
    thread                                   COMMIT (one fsync of the log)

The statements take microseconds and run in the loop. COMMIT waits for the disk and runs in a thread of its own; only
one of the two uses the connection at any time. Statements in the thread would each wait for the interpreter's lock,
milliseconds beside a busy loop, which is why they are not there.

Nobody hears of a change before it is durable, not even through an error: a conflict with a change of the same
transaction is answered after the commit as well. If the transaction cannot be written, nothing in it has happened, and
every caller gets that error.

On a full disk the log is merged into the file first, which empties it, and the transaction tried again. If that does
not help, the deletions in it are tried alone, without the ballast: a file that is given up for this, and as large as
what the log may have to merge, so that there is a way out. It is taken anew when there is room.

`maintain` runs work of longer duration (compaction) in the thread, between two transactions.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from hythe.errors import HytheError, NoSpace, Unavailable
from hythe.kube.store.sqlite.ledger import Change, Ledger
from hythe.kube.store.sqlite.problems import problem

GATHERED: Final = 256  # changes of one transaction, so that the loop is not held up for long
BALLAST: Final = 8 << 20  # twice what the log has when SQLite merges it by itself, 1,000 pages

Apply = Callable[[Ledger], Change]
Work = Callable[[sqlite3.Connection], None]


class _Request(NamedTuple):
    apply: Apply
    answer: asyncio.Future[Change]
    frees: bool  # a deletion


class _Job(NamedTuple):
    work: Work
    done: asyncio.Future[None]
    transaction: bool


class Writer:
    """`publish` is called in the loop with the changes of each commit, in order, before their callers are answered."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        ledger: Ledger,
        path: Path,
        publish: Callable[[list[Change]], None],
    ) -> None:
        self._connection, self._ledger, self._path, self._publish = connection, ledger, path, publish
        self._requests: deque[_Request] = deque()
        self._work: deque[_Job] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kube-store")
        self._running: asyncio.Task[None] | None = None
        self._closed = False
        self._ballast = Ballast(path.with_name(path.name + ".ballast"))

    async def submit(self, apply: Apply, *, frees: bool = False) -> Change:
        """Make one change durable. Raises what `apply` raises, NoSpace, SystemProblem, Unavailable."""
        answer: asyncio.Future[Change] = asyncio.get_running_loop().create_future()
        self._requests.append(_Request(apply, answer, frees))
        self._start()
        return await answer

    async def maintain(self, work: Work, *, transaction: bool = True) -> None:
        """Run `work` in the thread, in a transaction of its own. Raises NoSpace, SystemProblem, Unavailable."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._work.append(_Job(work, done, transaction))
        self._start()
        await done

    async def close(self) -> None:
        """What has been submitted is written; nothing further is taken."""
        self._closed = True
        if self._running is not None:
            await self._running
        self._thread.shutdown()

    def _start(self) -> None:
        if self._closed:
            raise Unavailable("the store is closed")
        if self._running is None or self._running.done():  # cancelled before its first step
            self._running = asyncio.create_task(self._run(), name="kube-store-writer")

    async def _run(self) -> None:
        try:
            while self._requests or self._work:
                if self._requests:
                    await self._transaction()
                if self._work:
                    await self._maintenance()
        except BaseException:
            self._abandon()
            raise
        finally:
            self._running = None

    def _abandon(self) -> None:
        """This task was cancelled, so nobody will answer those who wait."""
        for request in self._requests:
            request.answer.cancel()
        for job in self._work:
            job.done.cancel()
        self._requests.clear()
        self._work.clear()

    async def _transaction(self) -> None:
        requests = [self._requests.popleft() for _ in range(min(GATHERED, len(self._requests)))]
        try:
            answers = await self._attempt(requests)
        except NoSpace as error:
            answers = await self._cramped(requests, error)
        except HytheError as error:
            answers = [error] * len(requests)
        except BaseException:
            for request in requests:
                request.answer.cancel()
            raise
        self._publish([answer for answer in answers if isinstance(answer, Change)])
        for request, answer in zip(requests, answers, strict=True):
            _answer(request.answer, answer)

    async def _attempt(self, requests: list[_Request]) -> list[Change | HytheError]:
        """One transaction. Raises NoSpace or SystemProblem, and then nothing has changed."""
        before = self._ledger.revision
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            answers = [self._apply(request) for request in requests]
            if self._ledger.revision != before:
                await self._in_thread(self._commit)
            else:
                self._connection.execute("ROLLBACK")
        except BaseException as error:
            self._roll_back()
            self._ledger.reset()  # by what is there: who was cancelled while the thread committed does not know
            if isinstance(error, sqlite3.Error):
                raise problem(error, str(self._path)) from error
            raise
        return answers

    def _apply(self, request: _Request) -> Change | HytheError:
        try:
            return request.apply(self._ledger)
        except HytheError as error:
            return error

    async def _cramped(self, requests: list[_Request], error: NoSpace) -> list[Change | HytheError]:
        """Once more, on a full disk; `error` is the answer to those for whom there is no room."""
        with suppress(NoSpace):
            if await self._merge():
                return await self._attempt(requests)
        answers: list[Change | HytheError] = [error] * len(requests)
        places = [place for place, request in enumerate(requests) if request.frees]
        if places and self._ballast.drop():
            try:
                await self._merge()
                for place, answer in zip(
                    places, await self._attempt([requests[p] for p in places]), strict=True
                ):
                    answers[place] = answer
            except HytheError:
                pass  # the first error is the answer
            finally:
                self._ballast.take()
        return answers

    async def _merge(self) -> bool:
        """Empty the log into the file; whether that was possible."""
        merged = False

        def checkpoint() -> None:
            nonlocal merged
            with suppress(sqlite3.Error):
                (busy, *_) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                merged = not busy

        await self._in_thread(checkpoint)
        return merged

    async def _maintenance(self) -> None:
        job = self._work.popleft()
        try:
            try:
                await self._in_thread(lambda: self._maintain(job))
            except NoSpace:
                if not (await self._merge() or self._ballast.drop()):
                    raise
                await self._in_thread(lambda: self._maintain(job))
        except HytheError as error:
            if not job.done.done():
                job.done.set_exception(error)
        except BaseException:
            job.done.cancel()
            raise
        else:
            if not job.done.done():
                job.done.set_result(None)
        finally:
            self._ballast.take()

    def _maintain(self, job: _Job) -> None:
        try:
            if job.transaction:
                self._connection.execute("BEGIN IMMEDIATE")
            job.work(self._connection)
            if job.transaction:
                self._commit()
        except BaseException as error:
            self._roll_back()
            if isinstance(error, sqlite3.Error):
                raise problem(error, str(self._path)) from error
            raise

    async def _in_thread(self, call: Callable[[], None]) -> None:
        """Not to be left half-way: who is cancelled here is cancelled when the thread has come back."""
        future = asyncio.get_running_loop().run_in_executor(self._thread, call)
        try:
            await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait([future])
            raise

    def _commit(self) -> None:
        self._connection.execute("COMMIT")

    def _roll_back(self) -> None:
        if self._connection.in_transaction:  # SQLite itself rolls back on some errors
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")


def _answer(future: asyncio.Future[Change], answer: Change | HytheError) -> None:
    if future.done():  # the caller has gone
        return
    if isinstance(answer, Change):
        future.set_result(answer)
    else:
        future.set_exception(answer)


class Ballast:
    """A file that keeps some room on the disk for deletions."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._whole = False
        self.take()

    def take(self) -> None:
        """If it is not there, as much as there is room for; a disk that is full has none, and that is no error."""
        if self._whole:
            return
        with suppress(OSError):
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, BALLAST)
                self._whole = True
            finally:
                os.close(descriptor)

    def drop(self) -> bool:
        """Whether there was one to give up."""
        held, self._whole = self._whole, False
        with suppress(OSError):
            self._path.unlink()
        return held
