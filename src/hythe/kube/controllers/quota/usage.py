"""What objects use of a quota: pods by requests and limits, other kinds by number. Pure.

Names: cpu, memory, requests.X, limits.X, pods, count/PLURAL.GROUP, and the older services, secrets, configmaps,
persistentvolumeclaims, replicationcontrollers, resourcequotas, services.nodeports, services.loadbalancers,
requests.storage. Finished pods use nothing but count/pods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from hythe.kube.client.resources import (
    CONFIG_MAPS,
    CRON_JOBS,
    DEPLOYMENTS,
    JOBS,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    REPLICA_SETS,
    REPLICATION_CONTROLLERS,
    RESOURCE_QUOTAS,
    SECRETS,
    SERVICES,
    STATEFUL_SETS,
    Resource,
)
from hythe.kube.controllers.pods import is_finished
from hythe.kube.objects import quantity
from hythe.kube.objects.quantity import Quantity
from hythe.kube.objects.types import Object

COUNTED: Final = (
    PODS, SERVICES, SECRETS, CONFIG_MAPS, PERSISTENT_VOLUME_CLAIMS, REPLICATION_CONTROLLERS, RESOURCE_QUOTAS,
    DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS, JOBS, CRON_JOBS,
)  # fmt: skip
"""Kinds that a quota may limit."""

_PLAIN: Final = {
    each.plural: each
    for each in (SERVICES, SECRETS, CONFIG_MAPS, PERSISTENT_VOLUME_CLAIMS, REPLICATION_CONTROLLERS, RESOURCE_QUOTAS)
}  # fmt: skip
_SHORT: Final = ("cpu", "memory", "ephemeral-storage")

Objects = Callable[[Resource], Iterable[Object]]


def used(quota: Object, objects: Objects) -> dict[str, str]:
    """Of each resource that the quota limits, by its name; `objects` gives those of the namespace."""
    pods = [pod for pod in objects(PODS) if in_scope(quota, pod)]
    found = {}
    for name in quota["spec"].get("hard") or {}:
        value = _used(name, pods, objects)
        if value is not None:
            found[name] = value
    return found


def in_scope(quota: Object, pod: Object) -> bool:
    """Do all of the quota's scopes hold for the pod?"""
    spec = quota["spec"]
    wanted = [{"scopeName": name, "operator": "Exists"} for name in spec.get("scopes") or ()]
    wanted += (spec.get("scopeSelector") or {}).get("matchExpressions") or ()
    return all(_holds(each, pod) for each in wanted)


def _holds(scope: Mapping[str, object], pod: Object) -> bool:
    name, operator = scope["scopeName"], scope.get("operator", "Exists")
    if name in ("Terminating", "NotTerminating"):
        return (pod["spec"].get("activeDeadlineSeconds") is not None) == (name == "Terminating")
    if name in ("BestEffort", "NotBestEffort"):
        return _is_best_effort(pod) == (name == "BestEffort")
    if name == "PriorityClass":
        mine = pod["spec"].get("priorityClassName", "")
        values = scope.get("values") or ()
        assert isinstance(values, list | tuple)
        return {
            "Exists": bool(mine), "DoesNotExist": not mine, "In": mine in values, "NotIn": mine not in values,
        }[str(operator)]  # fmt: skip
    return False


def _used(name: str, pods: list[Object], objects: Objects) -> str | None:
    if name.startswith("count/"):
        kind = next((each for each in COUNTED if f"count/{each}" == name), None)
        return str(len(list(objects(kind)))) if kind is not None else None
    if name in _PLAIN:
        return str(len(list(objects(_PLAIN[name]))))
    if name == "services.loadbalancers":
        return str(sum(each["spec"].get("type") == "LoadBalancer" for each in objects(SERVICES)))
    if name == "services.nodeports":
        return str(sum(_node_ports(each) for each in objects(SERVICES)))
    if name == "requests.storage":
        claims = [
            (each["spec"].get("resources") or {}).get("requests") or {}
            for each in objects(PERSISTENT_VOLUME_CLAIMS)
        ]
        return str(_sum(each.get("storage") for each in claims))
    running = [pod for pod in pods if not is_finished(pod)]
    if name == "pods":
        return str(len(running))
    side, _, resource = name.partition(".")
    if name in _SHORT or name.startswith("hugepages-"):
        side, resource = "requests", name
    if side not in ("requests", "limits") or not resource:
        return None
    return str(_sum(each for pod in running for each in _of_pod(pod, side, resource)))


def _of_pod(pod: Object, side: str, resource: str) -> list[str | Quantity]:
    """The sum of the containers (with sidecars), or the greediest init container, and the overhead."""
    spec = pod["spec"]
    inits = spec.get("initContainers") or ()
    steady = [
        *(spec.get("containers") or ()),
        *(each for each in inits if each.get("restartPolicy") == "Always"),
    ]
    total = _sum(_asked(each, side, resource) for each in steady)
    most = max((_sum([_asked(each, side, resource)]) for each in inits), default=_sum([]))
    overhead = (spec.get("overhead") or {}).get(resource)
    return [max(total, most), *([overhead] if overhead else [])]


def _asked(container: Object, side: str, resource: str) -> str | None:
    found = ((container.get("resources") or {}).get(side) or {}).get(resource)
    return None if found is None else str(found)


def _sum(amounts: Iterable[str | Quantity | None]) -> Quantity:
    total: Quantity | None = None
    for each in amounts:
        if each is not None:
            value = each if isinstance(each, Quantity) else quantity.parse(each)
            total = value if total is None else total + value
    return quantity.parse("0") if total is None else total


def _node_ports(service: Object) -> int:
    if service["spec"].get("type") not in ("NodePort", "LoadBalancer"):
        return 0
    return sum(bool(each.get("nodePort")) for each in service["spec"].get("ports") or ())


def _is_best_effort(pod: Object) -> bool:
    containers = [*(pod["spec"].get("containers") or ()), *(pod["spec"].get("initContainers") or ())]
    resources = [each.get("resources") or {} for each in containers]
    return not any(each.get("requests") or each.get("limits") for each in resources)
