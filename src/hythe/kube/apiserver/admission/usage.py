"""What an object uses of a quota: itself, counted, and what it asks for.

    pods              1 each, and requests.* and limits.* of their containers; finished ones use nothing
    services          1 each; services.nodeports, services.loadbalancers
    claims            1 each, requests.storage, and the same of their storage class
    anything          count/RESOURCE.GROUP

Source: Kubernetes, "Resource Quotas"; pkg/quota/v1/evaluator/core.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hythe.kube.apiserver.definitions import Definition
from hythe.kube.objects.quantity import Quantity, parse
from hythe.kube.objects.types import Object

Amounts = dict[str, Quantity]
ONE: Final = parse("1")
_COUNTED_BY_NAME: Final = frozenset(
    {
        "pods", "services", "secrets", "configmaps", "persistentvolumeclaims", "replicationcontrollers",
        "resourcequotas",
    }
)  # fmt: skip
_FINISHED: Final = ("Succeeded", "Failed")


def usage(definition: Definition, obj: Object) -> Amounts:
    """By the names that a quota's `hard` has."""
    found: Amounts = {f"count/{definition.qualified}": ONE}
    name = definition.qualified
    if name == "pods":
        return found | _pod(obj)
    if name in _COUNTED_BY_NAME:
        found[name] = ONE
    if name == "services":
        found |= _service(obj["spec"])
    elif name == "persistentvolumeclaims":
        found |= _claim(obj["spec"])
    return found


def _pod(pod: Object) -> Amounts:
    if (pod.get("status") or {}).get("phase") in _FINISHED:
        return {}
    requests, limits = pod_amounts(pod["spec"])
    found = {"pods": ONE}
    for name, amount in requests.items():
        found[f"requests.{name}"] = found[name] = amount
    for name, amount in limits.items():
        found[f"limits.{name}"] = amount
    return found


def _service(spec: Object) -> Amounts:
    ports = sum(1 for port in spec.get("ports") or [] if port.get("nodePort"))
    found = {"services.nodeports": parse(str(ports))} if ports else {}
    if spec.get("type") == "LoadBalancer":
        found["services.loadbalancers"] = ONE
    return found


def _claim(spec: Object) -> Amounts:
    asked = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    amounts = {"persistentvolumeclaims": ONE}
    if asked is not None:
        amounts["requests.storage"] = parse(asked)
    storage_class = spec.get("storageClassName")
    if storage_class:
        prefix = f"{storage_class}.storageclass.storage.k8s.io/"
        amounts |= {prefix + name: amount for name, amount in amounts.items()}
    return amounts


def pod_amounts(spec: Object) -> tuple[Amounts, Amounts]:
    """Requests and limits of a whole pod: its containers together, or the most that an init container needs."""
    return _effective(spec, "requests"), _effective(spec, "limits")


def _effective(spec: Object, what: str) -> Amounts:
    total = added(_of(each, what) for each in spec.get("containers") or [])
    beside: Amounts = {}
    most: Amounts = {}
    for each in spec.get("initContainers") or []:
        if each.get("restartPolicy") == "Always":
            beside = added([beside, _of(each, what)])
            most = largest(most, beside)
        else:
            most = largest(most, added([beside, _of(each, what)]))
    found = largest(added([total, beside]), most)
    overhead = {name: parse(text) for name, text in (spec.get("overhead") or {}).items()}
    return added([found, overhead]) if what == "requests" or found else found


def _of(container: Object, what: str) -> Amounts:
    amounts = (container.get("resources") or {}).get(what) or {}
    return {name: parse(text) for name, text in amounts.items()}


def added(all_: Iterable[Amounts]) -> Amounts:
    """Amounts of the same name together."""
    total: Amounts = {}
    for amounts in all_:
        for name, amount in amounts.items():
            total[name] = total[name] + amount if name in total else amount
    return total


def largest(one: Amounts, other: Amounts) -> Amounts:
    """Of each name the larger amount."""
    names = one.keys() | other.keys()
    return {name: max(each[name] for each in (one, other) if name in each) for name in names}
