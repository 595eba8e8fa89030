"""eviction: a delete of a pod that the disruption budgets of its application must allow.

A budget that allows a disruption is charged first, by compare-and-swap on its status, and the pod is deleted then; the
controller of budgets counts anew later. Source: Kubernetes, "API-initiated Eviction"; pkg/registry/core/pod/storage.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from hythe.kube.apiserver.answer import encoded
from hythe.kube.apiserver.bodies import decoded
from hythe.kube.apiserver.call import Call
from hythe.kube.apiserver.definitions import Definition
from hythe.kube.apiserver.lifecycle import meta
from hythe.kube.apiserver.options import delete_options, write_options
from hythe.kube.apiserver.records import Kept
from hythe.kube.apiserver.subresources.binding import SUCCESS
from hythe.kube.apiserver.verbs.delete import delete_object
from hythe.kube.objects import labels
from hythe.kube.objects.status import ApiError, Cause, bad_request, internal_error, too_many_requests
from hythe.kube.objects.types import GroupVersionKind, Object

EVICTION: Final = GroupVersionKind("policy", "v1", "Eviction")
_MANY: Final = (
    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
)
_VIOLATED: Final = "Cannot evict pod as it would violate the pod's disruption budget."
_RETRY_SECONDS: Final = 10


async def create(call: Call) -> web.Response:
    """POST .../pods/NAME/eviction"""
    options = write_options(call.query, kind="CreateOptions")
    sent = await decoded(call, options, EVICTION)
    name = call.info.name
    if meta(sent).get("name", name) != name:
        raise bad_request("name in URL does not match name in Eviction object")
    deleting = delete_options(
        call.query, sent.get("deleteOptions") or {"dryRun": ["All"] if options.dry_run else []}
    )
    pod = (await call.machine.records.get(call.definition, call.namespace, name)).object()
    if not _free_to_go(pod):
        await _ask_budget(call, pod, dry_run=options.dry_run or deleting.dry_run)
    await delete_object(call, name, deleting)
    return encoded(SUCCESS, 201)


def _free_to_go(pod: Object) -> bool:
    """Whether the pod is none that serves: finished, not yet running, or already on its way out."""
    phase = (pod.get("status") or {}).get("phase", "")
    return phase in ("Succeeded", "Failed", "Pending") or "deletionTimestamp" in meta(pod)


async def _ask_budget(call: Call, pod: Object, *, dry_run: bool) -> None:
    definition = call.machine.definitions.built_in("policy", "v1", "poddisruptionbudgets")
    budgets = [
        budget
        async for budget in call.machine.records.objects(definition, call.namespace)
        if labels.from_object((budget.get("spec") or {}).get("selector")).matches(meta(pod).get("labels"))
    ]
    if len(budgets) > 1:
        raise internal_error(_MANY)
    if not budgets or _unhealthy_may_go(budgets[0], pod):
        return
    await _charge(call, definition, meta(budgets[0])["name"], pod, dry_run=dry_run)


def _unhealthy_may_go(budget: Object, pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    if any(each["type"] == "Ready" and each["status"] == "True" for each in conditions):
        return False
    if budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    status = budget.get("status") or {}
    return bool(0 < status.get("desiredHealthy", 0) <= status.get("currentHealthy", 0))


async def _charge(call: Call, definition: Definition, name: str, pod: Object, *, dry_run: bool) -> None:
    async def work(kept: Kept) -> Object | None:
        budget = kept.object()
        status = budget.setdefault("status", {})
        _check(budget, status, name)
        if dry_run:
            return None
        status["disruptionsAllowed"] -= 1
        status.setdefault("disruptedPods", {})[meta(pod)["name"]] = call.machine.timestamp()
        return budget

    await call.machine.records.change(definition, call.namespace, name, work)


def _check(budget: Object, status: Object, name: str) -> None:
    if status.get("observedGeneration", 0) < meta(budget).get("generation", 0):
        raise _too_many(
            f"The disruption budget {name} is still being processed by the server.", _RETRY_SECONDS
        )
    if status.get("disruptionsAllowed", 0) <= 0:
        needs, has = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
        raise _too_many(f"The disruption budget {name} needs {needs} healthy pods and has {has} currently")


def _too_many(why: str, retry_after: int = 0) -> ApiError:
    return too_many_requests(_VIOLATED, retry_after, [Cause("DisruptionBudget", why)])
