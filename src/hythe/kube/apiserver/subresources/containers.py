"""Which of a pod's containers a request means: the one it names, the default one, or the only one."""

from __future__ import annotations

from typing import Final

from hythe.kube.objects.status import bad_request
from hythe.kube.objects.types import Object

_DEFAULT: Final = "kubectl.kubernetes.io/default-container"
_KINDS: Final = ("containers", "initContainers", "ephemeralContainers")


def chosen(pod: Object, name: str) -> str:
    """The container's name. Raises ApiError (BadRequest), in Kubernetes' words."""
    spec, pod_name = pod.get("spec") or {}, pod["metadata"]["name"]
    known = {kind: [each["name"] for each in spec.get(kind) or []] for kind in _KINDS}
    if name:
        if not any(name in names for names in known.values()):
            raise bad_request(f"container {name} is not valid for pod {pod_name}")
        return name
    ordinary = known["containers"]
    default = (pod["metadata"].get("annotations") or {}).get(_DEFAULT)
    if default in ordinary:
        return str(default)
    if len(ordinary) == 1:
        return str(ordinary[0])
    raise bad_request(_ambiguous(pod_name, known))


def _ambiguous(pod: str, known: dict[str, list[str]]) -> str:
    text = (
        f"a container name must be specified for pod {pod}, choose one of: [{' '.join(known['containers'])}]"
    )
    if known["initContainers"]:
        text += f" or one of the init containers: [{' '.join(known['initContainers'])}]"
    if known["ephemeralContainers"]:
        text += f" or one of the ephemeral containers: [{' '.join(known['ephemeralContainers'])}]"
    return text
