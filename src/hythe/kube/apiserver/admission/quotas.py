"""ResourceQuota: a namespace's objects together stay below its hard limits.

Who makes an object in a namespace with a quota waits until the one before has been stored or refused, counts what is
there, and charges the quota's status. What is there is counted anew each time, so that nothing a crash leaves behind
adds up; `status.used` is written for people, and follows deletions too.

Source: Kubernetes, "Resource Quotas"; plugin/pkg/admission/resourcequota.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from hythe.kube.apiserver.admission.chain import Plugin, Review
from hythe.kube.apiserver.admission.qos import qos_class
from hythe.kube.apiserver.admission.usage import Amounts, added, usage
from hythe.kube.apiserver.definitions import Definition, Definitions
from hythe.kube.apiserver.records import Kept, Records
from hythe.kube.objects.quantity import parse
from hythe.kube.objects.status import ApiError, forbidden
from hythe.kube.objects.types import Object

_COMPUTE: Final = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
_PLAIN: Final = {
    "services.nodeports": "services",
    "services.loadbalancers": "services",
    "requests.storage": "persistentvolumeclaims",
}


class ResourceQuotas(Plugin):
    """Runs last."""

    def __init__(self, definitions: Definitions, records: Records) -> None:
        self._definitions, self._records = definitions, records
        self._quotas = definitions.built_in("", "v1", "resourcequotas")
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def validate(self, review: Review) -> None:
        definition = review.definition
        if review.operation != "CREATE" or review.subresource or not definition.namespaced:
            return
        quotas = [each async for each in self._records.objects(self._quotas, review.namespace)]
        asked = usage(definition, review.obj)
        concerned = [each for each in quotas if _concerns(each, definition, review.obj, asked)]
        if not concerned or definition.plural == "events":
            return
        turn = self._turns[review.namespace]
        await turn.acquire()
        review.settled.callback(turn.release)
        for quota in concerned:
            await self._check(review, quota, asked)

    async def _check(self, review: Review, quota: Object, asked: Amounts) -> None:
        name, hard = quota["metadata"]["name"], quota["spec"].get("hard") or {}
        missing = [each for each in hard if each in _COMPUTE and each not in asked]
        if review.definition.qualified == "pods" and missing:
            containers = ",".join(each["name"] for each in review.obj["spec"]["containers"])
            listed = "; ".join(f"{each} for: {containers}" for each in sorted(missing))
            raise forbidden("pods", review.name, f"failed quota: {name}: must specify {listed}")
        used = await self.count(quota, hard)
        wanted = {each: amount for each, amount in asked.items() if each in hard}
        total = added([used, wanted])
        over = sorted(each for each in wanted if parse(hard[each]) < total[each])
        if over:
            raise _exceeded(review, name, over, wanted, used, hard)

    async def count(self, quota: Object, hard: Mapping[str, str]) -> Amounts:
        """What the namespace's objects use of those things that the quota limits."""
        namespace = quota["metadata"]["namespace"]
        found: Amounts = {name: parse("0") for name in hard}
        for definition in self._counted(hard):
            async for obj in self._records.objects(definition, namespace):
                amounts = usage(definition, obj)
                if _in_scope(quota, definition, obj):
                    found = added([found, {each: amounts[each] for each in amounts if each in hard}])
        return found

    def _counted(self, hard: Iterable[str]) -> list[Definition]:
        names = {_resource_of(each) for each in hard}
        by_name = {d.qualified: d for d in self._definitions if d.namespaced and d.storage == d.api_version}
        return [by_name[name] for name in sorted(names) if name in by_name]

    async def stored(self, definition: Definition, old: Object | None, new: Object | None) -> None:
        """Let the status of the namespace's quotas follow."""
        namespace = ((new or old or {}).get("metadata") or {}).get("namespace")
        if not namespace or definition.plural == "events":
            return
        quotas = [each async for each in self._records.objects(self._quotas, namespace)]
        for quota in quotas:
            hard = quota["spec"].get("hard") or {}
            ours = definition.qualified == "resourcequotas" or any(
                _resource_of(each) == definition.qualified for each in hard
            )
            if ours:
                await self._show(quota, hard)

    async def _show(self, quota: Object, hard: Mapping[str, str]) -> None:
        metadata = quota["metadata"]

        async def work(kept: Kept) -> Object | None:
            there = kept.object()
            used = {name: str(amount) for name, amount in (await self.count(there, hard)).items()}
            status = {"hard": dict(hard), "used": used}
            return None if there.get("status") == status else {**there, "status": status}

        try:
            await self._records.change(self._quotas, metadata["namespace"], metadata["name"], work)
        except ApiError as error:
            if error.code != 404:
                raise


def _resource_of(name: str) -> str:
    """The resource whose objects use what is called `name` in a quota."""
    if name.startswith("count/"):
        return name.removeprefix("count/")
    if ".storageclass.storage.k8s.io/" in name:
        return "persistentvolumeclaims"
    if name in _COMPUTE or (name.startswith(("requests.", "limits.")) and name not in _PLAIN):
        return "pods"
    return _PLAIN.get(name, name)


def _concerns(quota: Object, definition: Definition, obj: Object, asked: Amounts) -> bool:
    hard = quota["spec"].get("hard") or {}
    named = any(_resource_of(each) == definition.qualified for each in hard)
    return (
        named
        and (bool(asked.keys() & hard.keys()) or definition.plural == "pods")
        and _in_scope(quota, definition, obj)
    )


def _in_scope(quota: Object, definition: Definition, obj: Object) -> bool:
    """Whether a quota with scopes counts this object; scopes are about pods alone."""
    spec = quota["spec"]
    if definition.qualified != "pods":
        return not spec.get("scopes") and not spec.get("scopeSelector")
    wanted: list[tuple[str, str, list[str]]] = [(each, "Exists", []) for each in spec.get("scopes") or []]
    for term in (spec.get("scopeSelector") or {}).get("matchExpressions") or []:
        wanted.append((term["scopeName"], term["operator"], term.get("values") or []))
    return all(_matches(scope, operator, values, obj["spec"]) for scope, operator, values in wanted)


def _matches(scope: str, operator: str, values: list[str], spec: Object) -> bool:
    if scope == "PriorityClass":
        name = spec.get("priorityClassName", "")
        known = {
            "Exists": bool(name),
            "DoesNotExist": not name,
            "In": name in values,
            "NotIn": name not in values,
        }
        return known.get(operator, False)
    facts = {
        "Terminating": spec.get("activeDeadlineSeconds") is not None,
        "NotTerminating": spec.get("activeDeadlineSeconds") is None,
        "BestEffort": qos_class(spec) == "BestEffort",
        "NotBestEffort": qos_class(spec) != "BestEffort",
    }
    return facts.get(scope, False)


def _exceeded(
    review: Review, name: str, over: list[str], wanted: Amounts, used: Amounts, hard: Mapping[str, str]
) -> ApiError:
    def said(amounts: Mapping[str, object]) -> str:
        return ",".join(f"{each}={amounts[each]}" for each in over)

    why = f"exceeded quota: {name}, requested: {said(wanted)}, used: {said(used)}, limited: {said(hard)}"
    return forbidden(review.definition.qualified, review.name, why)
