"""The scale subresource of a custom resource: three simple paths into its objects.

Source: apiextensions, pkg/registry/customresource/etcd.go.
"""

from __future__ import annotations

from typing import Any

from hythe.kube.objects import jsonpath, status
from hythe.kube.objects.types import Object


def read(obj: Object, paths: Object, qualified: str) -> Object:
    """The autoscaling/v1 Scale of an object; `paths` is the CustomResourceDefinition's `subresources.scale`."""
    metadata = obj["metadata"]
    wanted = _number(jsonpath.find(paths["specReplicasPath"], obj))
    if wanted is None:
        name = metadata.get("name", "")
        raise status.internal_error(
            f'the spec replicas field "{paths["specReplicasPath"]}" does not exist on {name}'
        )
    has = _number(jsonpath.find(paths["statusReplicasPath"], obj)) or 0
    said: Object = {"replicas": has}
    selector = jsonpath.find(paths["labelSelectorPath"], obj) if paths.get("labelSelectorPath") else []
    if selector and isinstance(selector[0], str):
        said["selector"] = selector[0]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": {"replicas": wanted} if wanted else {},
        "status": said,
    }


def _number(found: list[Any]) -> int | None:
    return int(found[0]) if found and isinstance(found[0], (int, float)) else None


def write(obj: Object, paths: Object, replicas: int) -> Object:
    """A copy of `obj` with `replicas` at its place; what leads there is made where it is missing."""
    steps = [step for step in paths["specReplicasPath"].split(".") if step]
    changed = dict(obj)
    inner = changed
    for step in steps[:-1]:
        below = inner.get(step)
        inner[step] = dict(below) if isinstance(below, dict) else {}
        inner = inner[step]
    inner[steps[-1]] = replicas
    return changed
