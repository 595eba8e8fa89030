"""LimitRanger: what a container gets that asks for nothing, and how much one may ask for.

    default, defaultRequest   filled in where a container says nothing
    min, max, ratio           refused, in Kubernetes' words, for containers, whole pods, and claims of storage

Source: Kubernetes, "Limit Ranges"; plugin/pkg/admission/limitranger.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from hythe.kube.apiserver.admission.chain import Plugin, Review
from hythe.kube.apiserver.admission.usage import pod_amounts
from hythe.kube.apiserver.definitions import Definitions
from hythe.kube.apiserver.records import Records
from hythe.kube.objects.quantity import Quantity, parse
from hythe.kube.objects.status import forbidden
from hythe.kube.objects.types import Object

_RESOURCES: Final = ("pods", "persistentvolumeclaims")
_CONTAINERS: Final = ("initContainers", "containers")


class LimitRanger(Plugin):
    """Pods and claims, when they are made."""

    def __init__(self, definitions: Definitions, records: Records) -> None:
        self._records = records
        self._ranges = definitions.built_in("", "v1", "limitranges")

    async def admit(self, review: Review) -> None:
        if review.resource != "pods" or review.operation != "CREATE":
            return
        async for limits in self._records.objects(self._ranges, review.namespace):
            for item in _items(limits, "Container"):
                for container in _containers(review.obj):
                    fill(container, item)

    async def validate(self, review: Review) -> None:
        if review.resource not in _RESOURCES or review.operation != "CREATE":
            return
        async for limits in self._records.objects(self._ranges, review.namespace):
            problems = list(_problems(review, limits))
            if problems:
                text = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
                raise forbidden(review.definition.qualified, review.name, text)


def fill(container: Object, item: Object) -> None:
    """Give a container the defaults of one item for what it does not say."""
    resources = container.get("resources") or {}
    limits = {**(item.get("default") or {}), **(resources.get("limits") or {})}
    # A request that is not said is the limit that is said; only then the default.
    asked = {**(item.get("defaultRequest") or {}), **(resources.get("limits") or {})}
    requests = {**asked, **(resources.get("requests") or {})}
    made = {"limits": limits, "requests": requests}
    container["resources"] = {**resources, **{key: value for key, value in made.items() if value}}


def _containers(pod: Object) -> Iterator[Object]:
    for kind in _CONTAINERS:
        yield from pod["spec"].get(kind) or []


def _items(limits: Object, kind: str) -> list[Object]:
    return [each for each in limits["spec"].get("limits") or [] if each.get("type") == kind]


def _problems(review: Review, limits: Object) -> Iterator[str]:
    if review.resource == "persistentvolumeclaims":
        asked = (review.obj["spec"].get("resources") or {}).get("requests") or {}
        for item in _items(limits, "PersistentVolumeClaim"):
            yield from check(item, "PersistentVolumeClaim", _parsed(asked), {})
        return
    for item in _items(limits, "Container"):
        for container in _containers(review.obj):
            resources = container.get("resources") or {}
            requests, limited = _parsed(resources.get("requests")), _parsed(resources.get("limits"))
            yield from check(item, "Container", requests, limited)
    for item in _items(limits, "Pod"):
        yield from check(item, "Pod", *pod_amounts(review.obj["spec"]))


def _parsed(amounts: Object | None) -> dict[str, Quantity]:
    return {name: parse(text) for name, text in (amounts or {}).items()}


def check(
    item: Object, kind: str, requests: Mapping[str, Quantity], limits: Mapping[str, Quantity]
) -> Iterator[str]:
    """What is wrong with amounts by one item of a range."""
    for name, text in (item.get("min") or {}).items():
        yield from _minimum(kind, name, parse(text), requests.get(name), limits.get(name))
    for name, text in (item.get("max") or {}).items():
        yield from _maximum(kind, name, parse(text), requests.get(name), limits.get(name))
    for name, text in (item.get("maxLimitRequestRatio") or {}).items():
        yield from _ratio(kind, name, parse(text), requests.get(name), limits.get(name))


def _minimum(
    kind: str, name: str, least: Quantity, request: Quantity | None, limit: Quantity | None
) -> Iterator[str]:
    if request is None:
        yield f"minimum {name} usage per {kind} is {least}.  No request is specified"
    elif request < least:
        yield f"minimum {name} usage per {kind} is {least}, but request is {request}"
    if limit is not None and limit < least:
        yield f"minimum {name} usage per {kind} is {least}, but limit is {limit}"


def _maximum(
    kind: str, name: str, most: Quantity, request: Quantity | None, limit: Quantity | None
) -> Iterator[str]:
    if limit is None and kind != "PersistentVolumeClaim":
        yield f"maximum {name} usage per {kind} is {most}.  No limit is specified"
    elif limit is not None and most < limit:
        yield f"maximum {name} usage per {kind} is {most}, but limit is {limit}"
    if request is not None and most < request:
        yield f"maximum {name} usage per {kind} is {most}, but request is {request}"


def _ratio(
    kind: str, name: str, most: Quantity, request: Quantity | None, limit: Quantity | None
) -> Iterator[str]:
    if not request or limit is None:
        yield f"{name} max limit to request ratio per {kind} is {most}, but no request is specified or request is 0."
        return
    ratio = limit.milli() / request.milli()
    if ratio > most.milli() / 1000:
        yield f"{name} max limit to request ratio per {kind} is {most}, but provided ratio is {ratio:f}"
