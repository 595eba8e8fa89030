"""How an object gets into the store: the steps that create, update, patch and apply share.

    new      place, name -> metadata -> defaults -> admission -> defaults -> validation -> admission -> owners -> store
    changed  the old one -> a new one of it -> the same, with what must not change kept; nothing is written if the
             bytes would be the same; an object that is being deleted goes when nothing holds it any more

A change that was not tied to a revision is made again of the newest object when another came in between. What the
plugins took outside of the object is given back if the write fails, or is a dry run.
"""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Final, TypeAlias

from hythe.kube.apiserver import ownership
from hythe.kube.apiserver.admission.chain import Review
from hythe.kube.apiserver.call import Context
from hythe.kube.apiserver.lifecycle import (
    before_create,
    before_ephemeral_update,
    before_status_update,
    before_update,
    check_preconditions,
    finished,
    generated_name,
    keep_identity,
    meta,
    place,
)
from hythe.kube.apiserver.options import WriteOptions
from hythe.kube.apiserver.records import RETRIES, Kept, modified, packed
from hythe.kube.objects.status import ApiError, Cause, generate_name_conflict, invalid
from hythe.kube.objects.types import Object
from hythe.kube.store.contract import RevisionMismatch

Outcome: TypeAlias = Kept | Object
"""What a write leads to: what is stored, or (of a dry run) what would be."""
Make: TypeAlias = Callable[[Object], Awaitable[Object]]
"""Makes the new object of a copy of the old one."""

_NAMES_TRIED: Final = 8
_STATUS: Final = frozenset({"status", "approval"})
_WHOLE: Final = frozenset({"binding", "finalize"})
"""Subresources that may change both spec and status: their handlers take care of what."""
_REVISION_SET: Final = "resourceVersion should not be set on objects to be created"


async def create_object(
    call: Context, obj: Object, options: WriteOptions, *, applied: bool = False
) -> Outcome:
    """`applied`: the fields' owner is recorded already. Raises ApiError; nothing is stored then."""
    place(obj, call.definition, call.namespace)
    metadata = meta(obj)
    if metadata.get("resourceVersion"):
        raise ApiError(500, "", _REVISION_SET)
    base = metadata.get("generateName", "")
    if metadata.get("name") or not base:
        return await _create(call, obj, options, applied)
    for _ in range(_NAMES_TRIED):
        draft = copy.deepcopy(obj)
        draft["metadata"]["name"] = generated_name(base)
        try:
            return await _create(call, draft, options, applied)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
    raise generate_name_conflict(call.definition.qualified, draft["metadata"]["name"])


async def _create(call: Context, obj: Object, options: WriteOptions, applied: bool) -> Outcome:
    machine, definition = call.machine, call.definition
    before_create(obj, definition, machine.timestamp())
    machine.kinds.default(definition, obj)
    if not meta(obj).get("name"):
        machine.kinds.check_create(definition, obj)  # refuses it; no plugin need wonder
    async with AsyncExitStack() as settled, AsyncExitStack() as undo:
        review = _review(call, "CREATE", obj, None, options, undo)
        review.settled = settled
        await machine.admission.admit(review)
        machine.kinds.default(definition, obj)
        machine.kinds.check_create(definition, obj)
        call.warnings += machine.kinds.warnings(definition, obj, None)
        await machine.admission.validate(review)
        obj = obj if applied else ownership.created(call, obj, options)
        if options.dry_run:
            return obj
        kept = await machine.records.create(definition, obj)
        undo.pop_all()
    await machine.stored(definition, None, obj)
    return kept


async def change_object(
    call: Context,
    name: str,
    options: WriteOptions,
    make: Make,
    *,
    subresource: str = "",
    applied: bool = False,
) -> Outcome:
    """Replace an object by what `make` makes of it. Raises ApiError.

    `applied`: `make` has recorded the fields' owner itself.
    """
    for _ in range(RETRIES):
        kept = await call.machine.records.get(call.definition, call.namespace, name)
        old = kept.object()
        new = await make(kept.object())
        tied = _check_revision(call, new, old)
        try:
            return await _change(call, kept, new, old, options, subresource, applied)
        except RevisionMismatch as error:
            if tied:
                raise modified(call.definition, name) from error
    raise modified(call.definition, name)


def _check_revision(call: Context, new: Object, old: Object) -> bool:
    """Whether the new object must come right after the old one. Raises ApiError (Conflict) if it does not."""
    sent, name = meta(new).get("resourceVersion", ""), meta(old)["name"]
    if sent and sent != old["metadata"]["resourceVersion"]:
        raise modified(call.definition, name)
    if not sent and not call.definition.unconditional and call.verb == "update":
        text = "Invalid value: 0x0: must be specified for an update"
        causes = [Cause("FieldValueInvalid", text, "metadata.resourceVersion")]
        raise invalid(call.definition.qualified_kind, name, causes)
    check_preconditions(call.definition, old, meta(new).get("uid"), None)
    meta(new)["resourceVersion"] = old["metadata"]["resourceVersion"]
    return bool(sent) and call.verb == "update"


async def _change(
    call: Context,
    kept: Kept,
    new: Object,
    old: Object,
    options: WriteOptions,
    subresource: str,
    applied: bool,
) -> Outcome:
    machine, definition = call.machine, call.definition
    machine.kinds.default(definition, new)
    _settle(call, new, old, subresource)
    async with AsyncExitStack() as undo:
        review = _review(call, "UPDATE", new, old, options, undo)
        review.subresource = subresource
        await machine.admission.admit(review)
        machine.kinds.default(definition, new)
        machine.kinds.check_update(definition, new, old, subresource)
        call.warnings += machine.kinds.warnings(definition, new, old)
        await machine.admission.validate(review)
        if not applied:
            new = ownership.updated(call, new, old, options, _tracked(subresource))
        if options.dry_run:
            return new
        outcome = await _store(call, kept, new, old)
        undo.pop_all()
    await machine.stored(definition, old, None if finished(new, definition) else new)
    return outcome


def _tracked(subresource: str) -> str:
    """Bindings and the like are recorded as changes of the whole object."""
    return subresource if subresource not in _WHOLE else ""


def _settle(call: Context, new: Object, old: Object, subresource: str) -> None:
    new["apiVersion"], new["kind"] = old["apiVersion"], old["kind"]
    if subresource in _STATUS:
        before_status_update(new, old, call.definition)
    elif subresource == "ephemeralcontainers":
        before_ephemeral_update(new, old)
    elif subresource in _WHOLE:
        keep_identity(new, old)
    else:
        before_update(new, old, call.definition)


async def _store(call: Context, kept: Kept, new: Object, old: Object) -> Kept:
    """Raises RevisionMismatch."""
    definition = call.definition
    if finished(new, definition):
        revision = await call.machine.records.delete(
            definition, call.namespace, new["metadata"]["name"], kept.revision
        )
        return Kept(definition, packed(definition, new), revision)
    if ownership.same(new, old):
        return kept
    return await call.machine.records.update(definition, new, kept.revision)


def _review(
    call: Context,
    operation: str,
    obj: Object,
    old: Object | None,
    options: WriteOptions,
    undo: AsyncExitStack,
) -> Review:
    return Review(
        operation,
        call.definition,
        "",
        call.namespace,
        meta(obj).get("name", ""),
        obj,
        old,
        call.user,
        options.dry_run,
        call.warnings,
        undo,
    )
