"""delete and deletecollection.

An object that nothing holds goes at once. One with finalizers, or one that a node must end first (a pod, with its
grace period), is marked with a deletionTimestamp and goes with the change that takes the last of them away. Which
finalizers a deletion adds is its propagation policy: Foreground waits for the dependents, Orphan for their release;
Background adds none, and the garbage collector finds the dependents later.

Source: Kubernetes, "Garbage Collection"; pkg/registry/rest/delete.go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Final

from aiohttp import web

from hythe.kube.apiserver import shapes
from hythe.kube.apiserver.admission.chain import Review
from hythe.kube.apiserver.answer import encoded
from hythe.kube.apiserver.bodies import delete_body
from hythe.kube.apiserver.call import Call, Context
from hythe.kube.apiserver.collecting import collect
from hythe.kube.apiserver.definitions import Definition
from hythe.kube.apiserver.lifecycle import check_preconditions, finalizers_for, held, meta
from hythe.kube.apiserver.machine import timestamp
from hythe.kube.apiserver.options import DeleteOptions, delete_options, list_options
from hythe.kube.apiserver.records import RETRIES, Kept, modified
from hythe.kube.apiserver.selection import select
from hythe.kube.apiserver.strategies import strategy_of
from hythe.kube.apiserver.verbs.write import answer
from hythe.kube.apiserver.writing import Outcome
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import Object
from hythe.kube.store.contract import RevisionMismatch

AT_ONCE: Final = 32
_ORPHANED_PODS: Final = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set "
    "propagationPolicy=Orphan to suppress this warning"
)


async def delete(call: Call) -> web.Response:
    """DELETE of one object."""
    wanted = call.wanted()
    options = delete_options(call.query, await delete_body(call))
    if call.definition.qualified == "jobs.batch" and not options.propagation:
        call.warnings.append(_ORPHANED_PODS)
    outcome, gone = await delete_object(call, call.info.name, options)
    if gone and not strategy_of(call.definition).returns_deleted:
        return encoded(_success(call, outcome), media=wanted.media)
    return answer(call, wanted, outcome)


async def delete_collection(call: Call) -> web.Response:
    """DELETE of all objects that are selected. One that goes meanwhile is no error."""
    wanted, listing = call.wanted(), list_options(call.query)
    options = delete_options(call.query, await delete_body(call))
    found = await collect(call, select(call.definition, call.namespace, listing), listing)
    metadata = [kept.object()["metadata"] for kept in found.kept]
    await delete_all(call, [(each["name"], each.get("namespace", "")) for each in metadata], options)
    objects = [kept.object() for kept in found.kept]
    return encoded(shapes.many(call, wanted, objects, found.metadata()), media=wanted.media)


async def delete_all(call: Context, names: Iterable[tuple[str, str]], options: DeleteOptions) -> None:
    """Delete objects by (name, namespace), some at a time, so that the store can put them into one transaction.

    One that is gone already is no error. Raises ApiError: the first, when all have been tried.
    """
    free = asyncio.Semaphore(AT_ONCE)

    async def one(name: str, namespace: str) -> None:
        async with free:
            try:
                await delete_object(call, name, options, namespace)
            except ApiError as error:
                if error.code != 404:
                    raise

    done = await asyncio.gather(*(one(*each) for each in names), return_exceptions=True)
    for outcome in done:
        if isinstance(outcome, BaseException):
            raise outcome


async def delete_object(
    call: Context, name: str, options: DeleteOptions, namespace: str | None = None
) -> tuple[Outcome, bool]:
    """The object as it is then (or was last), and whether it is gone. Raises ApiError."""
    namespace = call.namespace if namespace is None else namespace
    for _ in range(RETRIES):
        kept = await call.machine.records.get(call.definition, namespace, name)
        old = kept.object()
        check_preconditions(call.definition, old, options.uid, options.revision)
        try:
            return await _delete(call, kept, old, options, namespace)
        except RevisionMismatch as error:
            if options.revision:
                raise modified(call.definition, name) from error
    raise modified(call.definition, name)


async def _delete(
    call: Context, kept: Kept, old: Object, options: DeleteOptions, namespace: str
) -> tuple[Outcome, bool]:
    machine, definition = call.machine, call.definition
    await _admit(call, old, options, namespace)
    new = marked(old, grace_of(definition, old, options), call.machine.clock.now())
    if strategy_of(definition).spec_finalizers:
        new["status"] = {**(old.get("status") or {}), "phase": "Terminating"}
    meta(new)["finalizers"] = finalizers_for(old, options, definition)
    if not meta(new)["finalizers"]:
        del meta(new)["finalizers"]
    immediate = not meta(new)["deletionGracePeriodSeconds"] and not held(new, definition)
    if options.dry_run:
        return new, immediate
    if immediate:
        revision = await machine.records.delete(definition, namespace, meta(old)["name"], kept.revision)
        await machine.stored(definition, old, None)
        return Kept(definition, kept.raw, revision), True
    if new == old:
        return kept, False
    return await machine.records.update(definition, new, kept.revision), False


async def _admit(call: Context, old: Object, options: DeleteOptions, namespace: str) -> None:
    async with AsyncExitStack() as undo:
        name = meta(old)["name"]
        review = Review(
            "DELETE",
            call.definition,
            "",
            namespace,
            name,
            old,
            old,
            call.user,
            options.dry_run,
            call.warnings,
            undo,
        )
        await call.machine.admission.admit(review)
        await call.machine.admission.validate(review)


def grace_of(definition: Definition, old: Object, options: DeleteOptions) -> int:
    """Seconds that the object is given; 0 where nobody must end it first."""
    if not definition.graceful:
        return 0
    spec, phase = old.get("spec") or {}, (old.get("status") or {}).get("phase", "")
    if not spec.get("nodeName") or phase in ("Failed", "Succeeded"):
        return 0
    grace = options.grace if options.grace is not None else int(spec.get("terminationGracePeriodSeconds", 30))
    return 1 if grace < 0 else grace


def marked(old: Object, grace: int, now: datetime) -> Object:
    """The object as being deleted. One that is already is only ever given less time, never more."""
    metadata = dict(meta(old))
    before = metadata.get("deletionGracePeriodSeconds")
    new = {**old, "metadata": metadata}
    if "deletionTimestamp" in metadata:
        if before is not None and grace < before:
            ends = datetime.fromisoformat(metadata["deletionTimestamp"]) - timedelta(seconds=before - grace)
            metadata.update(deletionTimestamp=timestamp(ends), deletionGracePeriodSeconds=grace)
        return new
    metadata.update(
        deletionTimestamp=timestamp(now + timedelta(seconds=grace)), deletionGracePeriodSeconds=grace
    )
    if "generation" in metadata:
        metadata["generation"] += 1
    return new


def _success(call: Call, outcome: Outcome) -> Object:
    obj = outcome.object() if isinstance(outcome, Kept) else outcome
    definition, metadata = call.definition, meta(obj)
    details = {
        "name": metadata["name"],
        "group": definition.group,
        "kind": definition.plural,
        "uid": metadata["uid"],
    }
    details = {key: value for key, value in details.items() if value}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
