"""What an object may say but hardly means: told to the client beside the answer (`Warning: ...`), and taken.

    of(object, kind)    the warnings about a built-in kind's object, decoded and with its defaults

Source: Kubernetes, pkg/api/pod/warnings.go, pkg/api/service/warnings.go. Kept out: what became of alpha annotations of
AppArmor and seccomp, and overlaps between the paths of projected volumes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from hythe.kube.objects import quantity
from hythe.kube.objects.problems import shown
from hythe.kube.objects.types import GroupVersionKind, Object

_LABELS: Final = {
    "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
    "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
    "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
}
_VOLUMES: Final = {
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "gitRepo": "deprecated in v1.11",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "flocker": "deprecated in v1.22, non-functional in v1.25+",
    "storageOS": "deprecated in v1.22, non-functional in v1.25+",
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}
# Where a kind holds the template of its pods; the path of a pod itself is empty.
_TEMPLATES: Final = {
    "Pod": "",
    "PodTemplate": "template",
    "CronJob": "spec.jobTemplate.spec.template",
    **dict.fromkeys(
        ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController"),
        "spec.template",
    ),
}
_GROUPS: Final = ("", "apps", "batch")
_NO_POD: Final = "a null labelSelector results in matching no pod"


def of(obj: Object, gvk: GroupVersionKind) -> list[str]:
    """The warnings, in Kubernetes' order and words; none for kinds that have none."""
    if gvk.group == "" and gvk.kind == "Service":
        return list(_service(obj))
    if gvk.group not in _GROUPS or gvk.kind not in _TEMPLATES:
        return []
    path, template = _TEMPLATES[gvk.kind], obj
    for key in path.split(".") if path else ():
        template = template.get(key) or {}
    spec = template.get("spec") or {}
    return list(_pod(spec, f"{path}.spec" if path else "spec"))


def _service(obj: Object) -> Iterator[str]:
    spec = obj["spec"]
    external = spec.get("type") == "ExternalName"
    if external and spec.get("externalIPs"):
        yield 'spec.externalIPs is ignored when spec.type is "ExternalName"'
    if not external and spec.get("externalName"):
        yield 'spec.externalName is ignored when spec.type is not "ExternalName"'


def _pod(spec: Object, path: str) -> Iterator[str]:
    for label in spec.get("nodeSelector") or ():
        if label in _LABELS:
            yield f"{path}.nodeSelector[{label}]: {_LABELS[label]}"
    yield from _spread(spec, path)
    for index, volume in enumerate(spec.get("volumes", ())):
        for kind in volume:
            if kind in _VOLUMES:
                yield f"{path}.volumes[{index}].{kind}: {_VOLUMES[kind]}"
    yield from _twice(spec.get("hostAliases", ()), f"{path}.hostAliases", "ip")
    yield from _twice(spec.get("imagePullSecrets", ()), f"{path}.imagePullSecrets", "name")
    containers = list(_containers(spec, path))
    for where, container in containers:
        yield from _fractions(container.get("resources") or {}, where)
        yield from _hidden(container.get("env", ()), where)
    yield from _ports(containers)
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        yield (
            f"{path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1"
        )
    yield from _affinity(spec.get("affinity") or {}, f"{path}.affinity")


def _containers(spec: Object, path: str) -> Iterator[tuple[str, Object]]:
    for key in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(spec.get(key, ())):
            yield f"{path}.{key}[{index}]", container


def _spread(spec: Object, path: str) -> Iterator[str]:
    for index, one in enumerate(spec.get("topologySpreadConstraints", ())):
        where, key = f"{path}.topologySpreadConstraints[{index}]", one.get("topologyKey", "")
        if key in _LABELS:
            yield f"{where}.topologyKey: {key} is {_LABELS[key]}"
        if one.get("labelSelector") is None:
            yield f"{where}.labelSelector: {_NO_POD}"


def _twice(items: Iterable[Object], path: str, key: str) -> Iterator[str]:
    seen: set[str] = set()
    for index, item in enumerate(items):
        value = item.get(key, "")
        if value in seen:
            yield f"{path}[{index}].{key}: duplicate {key} {shown(value)}"
        seen.add(value)


def _fractions(resources: Object, path: str) -> Iterator[str]:
    """Bytes are whole."""
    for key in ("limits", "requests"):
        for name in ("memory", "ephemeral-storage"):
            amount = (resources.get(key) or {}).get(name)
            if amount is not None and quantity.parse(amount).nano % quantity.NANO:
                where = f"{path}.resources.{key}[{name}]"
                yield f"{where}: fractional byte value {shown(amount)} is invalid, must be an integer"


def _hidden(variables: Iterable[Object], path: str) -> Iterator[str]:
    """A variable that stands twice and does not build on the first."""
    seen: set[str] = set()
    for index, one in enumerate(variables):
        name, value = one.get("name", ""), one.get("value", "")
        reference = f"$({name})"
        if name in seen and (
            one.get("valueFrom") is not None or value == reference or reference not in value
        ):
            hides = f"hides previous definition of {shown(name)}, which may be dropped when using apply"
            yield f"{path}.env[{index}]: {hides}"
        seen.add(name)


def _ports(containers: list[tuple[str, Object]]) -> Iterator[str]:
    """Ports of all containers of a pod together: they share one address."""
    found = [
        (f"{where}.ports[{index}]", port)
        for where, container in containers
        for index, port in enumerate(container.get("ports", ()))
    ]
    for at, (where, port) in enumerate(found):
        for other_where, other in found[:at]:
            if all(port.get(key) == other.get(key) for key in ("containerPort", "protocol")):
                relation = _relation(port, other)
                if relation:
                    yield f"{where}: {relation} port definition with {other_where}"
    names: dict[str, str] = {}
    for where, port in found:
        name = port.get("name")
        if name and name in names:
            first = names[name]
            yield (
                f"{where}: duplicate port name {shown(name)} with {first}, services and probes that select ports by "
                f"name will use {first}"
            )
        elif name:
            names[name] = where


def _relation(port: Object, other: Object) -> str:
    host, other_host = port.get("hostPort", 0), other.get("hostPort", 0)
    address, other_address = port.get("hostIP", ""), other.get("hostIP", "")
    if (address, host) == (other_address, other_host):
        return "duplicate"
    if not host or not other_host:
        return "overlapping"
    return "dangerously ambiguous" if host == other_host and bool(address) != bool(other_address) else ""


def _affinity(affinity: Object, path: str) -> Iterator[str]:
    for kind in ("podAffinity", "podAntiAffinity"):
        terms = affinity.get(kind) or {}
        required, preferred = (
            f"{how}DuringSchedulingIgnoredDuringExecution" for how in ("required", "preferred")
        )
        for index, term in enumerate(terms.get(required, ())):
            if term.get("labelSelector") is None:
                yield f"{path}.{kind}.{required}[{index}].labelSelector: {_NO_POD}"
        for index, weighted in enumerate(terms.get(preferred, ())):
            if weighted["podAffinityTerm"].get("labelSelector") is None:
                yield f"{path}.{kind}.{preferred}[{index}].podAffinityTerm.labelSelector: {_NO_POD}"
