"""The contract of the cluster's store: etcd v3's semantics, as far as an API server needs them.

Vocabulary
    key       text that begins with "/", without NUL; at most MAX_KEY bytes of UTF-8. Keys are ordered by these bytes.
    value     bytes that the store does not look at; never none at all, at most MAX_VALUE (256 fewer if they are sealed)
    prefix    the beginning of keys. "/registry/pods/" is all pods, "/registry/pods/default/" those of a namespace.
              Prefixes end with "/" where a caller wants whole names: "/registry/pods/a" is also the beginning of "ab".
    revision  a number that grows by one with each change to any key. The empty store has a revision too (0 or 1).
              A record carries the revision of its last change; a page, that of the state it shows.
    history   the changes that can still be watched or looked at: all of a revision above the compacted one.

What holds
    - A change is durable when the method returns, and no sooner visible: after `kill -9` or a power cut nothing that
      was acknowledged is missing. What was not acknowledged is there wholly or not at all.
    - No revision is ever given to two changes, not even across restarts.
    - Changes are in one order, that of their revisions. A read sees all changes that were acknowledged before it began.
    - Every watcher hears of all changes under its prefix, each once, in that order.
    - Compare-and-swap is the only way to change a key: who writes says which revision was read. Of two writers who read
      the same one, one gets `RevisionMismatch` and, in it, what is there now.

Life cycle
    Opened by `datastore.open_store`, used from one event loop, closed once. `close` lets writes that have begun end,
    and then ends all watches. A method of a closed store raises Unavailable.

What fails (all of it subclasses of HytheError)
    KeyExists         create: there is such a key
    RevisionMismatch  update, delete: the key has another revision, or is not there
    Compacted         get, list, watch: the revision is older than the history. Whoever gets it lists anew
    FutureRevision    get, list, watch: the store has not come to that revision
    ValueTooLarge     create, update
    InvalidArgument   what is no key, prefix, limit or revision
    NoSpace           the disk, or the quota of etcd, is full. Nothing was changed; reads and watches go on
    Unavailable       closed, or no server answers. Of a write, it is not known whether it happened

What is kept out: JSON, objects, selectors, namespaces, permissions.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, Protocol

import msgspec

from hythe.errors import Conflict, HytheError, InvalidArgument

MAX_KEY: Final = 4096
MAX_VALUE: Final = 1_500_000  # bytes; etcd's default limit of a request is 1.5 MiB


class Record(msgspec.Struct, frozen=True, gc=False):
    """A key as it is, or was, at some revision."""

    key: str
    value: bytes
    revision: int  # of its last change
    created: int  # the revision that made it; a key that is deleted and made again begins anew


class Page(msgspec.Struct, frozen=True):
    """Some records of one state, in the order of their keys."""

    revision: int  # of that state: to be asked for again as `at`, or watched from
    records: list[Record]
    remaining: int = 0  # records of the same state behind the last of these


class Event(msgspec.Struct, frozen=True, gc=False):
    """One change of one key. At least one of the two values is there."""

    key: str
    revision: int
    value: bytes | None  # None: it was deleted
    previous: bytes | None  # None: it was created

    @property
    def created(self) -> bool:
        return self.previous is None

    @property
    def deleted(self) -> bool:
        return self.value is None


class Batch(msgspec.Struct, frozen=True):
    """What a watch brings: the next events, and how far the watcher now is.

    All events under the prefix up to and with `revision` have been brought, in this batch or before. A batch without
    events is an answer to `request_progress`, and says only that.
    """

    revision: int
    events: list[Event]


class KeyExists(Conflict):
    """There is such a key already."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the key {key} exists")
        self.key = key


class RevisionMismatch(Conflict):
    """The key is not at the revision that was expected; `current` is what is there, None when it is gone."""

    def __init__(self, key: str, expected: int, current: Record | None) -> None:
        there = f"is at revision {current.revision}" if current else "does not exist"
        super().__init__(f"the key {key} {there}, not at revision {expected}")
        self.key, self.expected, self.current = key, expected, current


class Compacted(HytheError):
    """The history before `compacted` has been given up, and `revision` lies there."""

    def __init__(self, revision: int, compacted: int) -> None:
        super().__init__(f"revision {revision} has been compacted; the oldest is {compacted}")
        self.revision, self.compacted = revision, compacted


class FutureRevision(InvalidArgument):
    """`revision` has not been reached; the store is at `current`."""

    def __init__(self, revision: int, current: int) -> None:
        super().__init__(f"revision {revision} is ahead of the store's, {current}")
        self.revision, self.current = revision, current


class ValueTooLarge(InvalidArgument):
    """A value of more than MAX_VALUE bytes."""

    def __init__(self, key: str, size: int) -> None:
        super().__init__(f"the value of {key} has {size} bytes, more than {MAX_VALUE}")
        self.key, self.size = key, size


class Watch(Protocol):
    """Changes under a prefix, as they are committed: `async for batch in watch`.

    A watcher that does not keep up costs no memory: what it has not heard is read from the history when it asks. It
    gets `Compacted` when that has been given up meanwhile, and no batch afterwards. The iteration ends when the
    watch or its store is closed. One task iterates; any may close.
    """

    def __aiter__(self) -> AsyncIterator[Batch]: ...

    async def __anext__(self) -> Batch: ...

    def request_progress(self) -> None:
        """Have a batch brought soon, without events if there are none: for bookmarks of a quiet prefix."""

    def close(self) -> None:
        """End the iteration, at once. Closing twice is no error."""


class Store(Protocol):
    """See the module. `at` is a revision within the history; None is now."""

    async def revision(self) -> int:
        """The revision of the last change. Asks the server where there is one, and so tells whether it answers."""

    async def create(self, key: str, value: bytes, *, ttl: float | None = None) -> int:
        """Make a key that is not there; its revision.

        With `ttl` the key is deleted that many seconds later, or up to a minute after: keys that end at about the same
        time end together. The deletion is a change like any other.
        """

    async def update(self, key: str, value: bytes, expected: int, *, ttl: float | None = None) -> int:
        """Replace the value of a key whose revision is `expected`; the new revision.

        `ttl` counts from now; without it the key stays, even if it had one before.
        """

    async def delete(self, key: str, expected: int) -> int:
        """Delete a key whose revision is `expected`; the revision of the deletion."""

    async def get(self, key: str, at: int | None = None) -> Record | None:
        """What a key is, or was at a revision."""

    async def list(self, prefix: str, *, at: int | None = None, limit: int = 0, after: str = "") -> Page:
        """The records whose keys begin with `prefix` and come after the key `after`: at most `limit`, 0 is all.

        To go through a large prefix: the first page without `at`, each further one with `at` = the first one's
        revision and `after` = the last key of the one before.
        """

    async def count(self, prefix: str) -> int:
        """How many keys begin with `prefix` now."""

    async def watch(self, prefix: str, after: int | None = None) -> Watch:
        """The changes under `prefix` of a revision greater than `after`; None is from now on.

        With a page's revision as `after` nothing is missed and nothing heard twice. Returns when the watch stands: a
        change that is acknowledged from then on is brought.
        """

    async def compacted(self) -> int:
        """The compacted revision: `at` and `after` may be this or greater."""

    async def compact(self, revision: int) -> None:
        """Give up the history before `revision`; the state at it can still be seen.

        Raises FutureRevision. One that is compacted already is no error. Space is given back some time later.
        """

    async def close(self) -> None:
        """End it. Closing twice is no error."""
