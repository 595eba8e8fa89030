"""`fieldRef` and `resourceFieldRef`: a pod's own fields as text, for variables and downwardAPI files.

Source: pkg/fieldpath and pkg/api/v1/resource of Kubernetes.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from hythe.errors import InvalidArgument
from hythe.kube.kubelet.pods import names, parts
from hythe.kube.kubelet.pods.quantities import amount
from hythe.kube.objects.types import Object

_SUBSCRIPT: Final = re.compile(r"^metadata\.(annotations|labels)\['(.*)'\]$")


class Place(NamedTuple):
    """What a pod's object does not say: its addresses, and what the node has to give."""

    pod_ips: Sequence[str]
    host_ips: Sequence[str]
    allocatable: Mapping[str, str]


def field(pod: Object, path: str, place: Place) -> str:
    """The text of `path`. Raises InvalidArgument for one that cannot be referred to."""
    meta, spec = pod["metadata"], pod["spec"]
    if match := _SUBSCRIPT.match(path):
        return str((meta.get(match[1]) or {}).get(match[2], ""))
    match path:
        case "metadata.annotations" | "metadata.labels":
            return quoted_map(meta.get(path.partition(".")[2]) or {})
        case "metadata.name" | "metadata.namespace" | "metadata.uid":
            return {"name": names.name, "namespace": names.namespace, "uid": names.uid}[path[9:]](pod)
        case "spec.nodeName":
            return str(spec.get("nodeName") or "")
        case "spec.serviceAccountName":
            return str(spec.get("serviceAccountName") or "")
        case "status.hostIP":
            return next(iter(place.host_ips), "")
        case "status.hostIPs":
            return ",".join(place.host_ips)
        case "status.podIP":
            return next(iter(_pod_ips(pod, place)), "")
        case "status.podIPs":
            return ",".join(_pod_ips(pod, place))
    raise InvalidArgument(f"unsupported fieldPath: {path}")


def _pod_ips(pod: Object, place: Place) -> Sequence[str]:
    return place.host_ips if parts.host_network(pod) else place.pod_ips


def quoted_map(pairs: Mapping[str, str]) -> str:
    """key="value" lines, sorted."""
    return "\n".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in sorted(pairs.items()))


def resource(pod: Object, container: Object, reference: Object, place: Place) -> str:
    """A request or limit divided by the divisor, rounded up; a limit that is not set is what the node can give."""
    named = reference.get("containerName")
    of = (parts.container(pod, named) if named else None) or container
    sort, _, name = str(reference["resource"]).partition(".")
    given = ((of.get("resources") or {}).get(sort) or {}).get(name)
    if given is None and sort == "limits":
        given = place.allocatable.get(name)
    value = amount(given) if given is not None else Decimal(0)
    divisor = amount(reference.get("divisor") or "1") or Decimal(1)
    return str(math.ceil(value / divisor))
