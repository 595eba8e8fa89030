"""The objects that a list asks for: at which revision, which of them, and how to go on.

resourceVersion: unset, "0" and NotOlderThan are all answered with the newest state, which is at least as new as any
that may be asked for; Exact with the state at that revision. A list with a limit is gone on with in the state of its
first page.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from hythe.kube.apiserver.call import Call
from hythe.kube.apiserver.options import ListOptions
from hythe.kube.apiserver.records import Kept, key_of, prefix_of, too_new
from hythe.kube.apiserver.selection import Selection
from hythe.kube.apiserver.tokens import Outdated, Token, decode
from hythe.kube.objects.status import ApiError, Cause, bad_request, invalid
from hythe.kube.objects.types import Object
from hythe.kube.store.contract import Record

_CHUNK: Final = 500


class Found(NamedTuple):
    """What a list shows: the state's revision, the objects, how to go on, how many more there are (None: unknown)."""

    revision: int
    kept: list[Kept]
    token: str = ""
    remaining: int | None = None

    def metadata(self) -> Object:
        """The list's own."""
        said: Object = {"resourceVersion": str(self.revision)}
        if self.token:
            said["continue"] = self.token
            if self.remaining:
                said["remainingItemCount"] = self.remaining
        return said


async def collect(call: Call, selection: Selection, options: ListOptions) -> Found:
    """Raises ApiError: 410 if the revision or the token is too old, 504 if the revision is yet to come."""
    at = await check_revision(call, options)
    if options.token:
        return await _continued(call, selection, options)
    if selection.name and (selection.namespace or not call.definition.namespaced):
        return await _only(call, selection, at)
    return await _walk(call, selection, options.limit, at, "")


async def _continued(call: Call, selection: Selection, options: ListOptions) -> Found:
    token = decode(options.token)
    if options.revision not in ("", "0"):
        raise bad_request("specifying resource version is not allowed when using continue")
    after = prefix_of(call.definition, selection.namespace) + token.after
    at = token.revision if token.revision > 0 else None
    try:
        return await _walk(call, selection, options.limit, at, after)
    except ApiError as error:
        if error.code == 410:
            raise Outdated(token) from error
        raise


async def _walk(call: Call, selection: Selection, limit: int, at: int | None, after: str) -> Found:
    records, definition = call.machine.records, call.definition
    found: list[Kept] = []
    choosy = bool(selection)
    chunk = 0 if not limit else _CHUNK if choosy else limit
    while True:
        page = await records.page(definition, selection.namespace, at=at, limit=chunk, after=after)
        at = page.revision
        for index, record in enumerate(page.records):
            kept = Kept(definition, record.value, record.revision)
            if choosy and not selection.matches(kept):
                continue
            found.append(kept)
            if len(found) == limit:
                rest = len(page.records) - index - 1 + page.remaining
                return _cut(call, selection, Found(at, found), record, rest)
        if not page.remaining:
            return Found(at, found)
        after = page.records[-1].key


def _cut(call: Call, selection: Selection, found: Found, last: Record, rest: int) -> Found:
    if not rest:
        return found
    token = Token(found.revision, last.key.removeprefix(prefix_of(call.definition, selection.namespace)))
    return found._replace(token=token.encode(), remaining=None if selection else rest)


async def _only(call: Call, selection: Selection, at: int | None) -> Found:
    """A list that names its one object."""
    definition, store = call.definition, call.machine.records.store
    revision = at if at is not None else await store.revision()
    record = await store.get(key_of(definition, selection.namespace, selection.name), at)
    if record is None:
        return Found(revision, [])
    kept = Kept(definition, record.value, record.revision)
    return Found(max(revision, record.revision), [kept] if selection.matches(kept) else [])


async def check_revision(call: Call, options: ListOptions) -> int | None:
    """The revision that must be shown exactly; None: the newest, which is never older than what was asked for.

    Raises ApiError: 504 if the store has not come so far, Invalid if it is no number.
    """
    if options.revision in ("", "0") or options.token:
        return None
    wanted = number(options.revision)
    current = await call.machine.records.store.revision()
    if wanted > current:
        raise too_new(wanted, current)
    exact = options.match == "Exact" or (not options.match and options.limit > 0 and call.info.verb == "list")
    return wanted if exact else None


def number(revision: str) -> int:
    """Raises ApiError (Invalid) if it is none."""
    if not revision.isdecimal():
        text = f'Invalid value: "{revision}": strconv.ParseUint: parsing "{revision}": invalid syntax'
        raise invalid("ListOptions.meta.k8s.io", "", [Cause("FieldValueInvalid", text, "resourceVersion")])
    return int(revision)
