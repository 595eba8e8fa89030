"""Objects that `kubectl apply` made without --server-side, when somebody begins to apply them on the server.

Client-side apply leaves its last configuration in an annotation. Fields of that configuration which still have the
configuration's values may be taken over by the manager "kubectl" without a conflict, for it is the same person; and
"kubectl" keeps the annotation true, so that client-side apply can be used again.

Source: apimachinery, pkg/util/managedfields/internal/lastappliedmanager.go and lastappliedupdater.go.
"""

from __future__ import annotations

import json
from typing import Final

from hythe.kube.objects.apply import fieldset
from hythe.kube.objects.apply.comparing import compare
from hythe.kube.objects.apply.fieldset import FieldSet
from hythe.kube.objects.apply.paths import Unnamed
from hythe.kube.objects.apply.typed import fields_of
from hythe.kube.objects.shape import Shape
from hythe.kube.objects.types import Object

KUBECTL: Final = "kubectl"
ANNOTATION: Final = "kubectl.kubernetes.io/last-applied-configuration"
_MAX_ANNOTATIONS: Final = 256 * 1024


def of(obj: Object) -> str:
    """The annotation of an object, "" if it has none."""
    return str(((obj.get("metadata") or {}).get("annotations") or {}).get(ANNOTATION) or "")


def unchanged(live: Object, version: str, shape: Shape) -> FieldSet:
    """The fields of the last client-side configuration that the object still has as they were applied."""
    try:
        last = json.loads(of(live) or "null")
    except ValueError:
        return {}
    if not isinstance(last, dict) or last.get("apiVersion") != version:
        return {}
    try:
        found = compare(last, live, shape)
        fields = fields_of(last, shape)
    except (Unnamed, AttributeError):
        return {}
    for other in (found.changed, found.added, found.removed):
        fields = fieldset.difference(fields, other)
    return fields


def kept_true(obj: Object, config: Object) -> Object:
    """`obj` with the annotation, if it has one, saying that `config` was applied last."""
    if not of(obj):
        return obj
    metadata = obj["metadata"]
    annotations = {**metadata["annotations"], ANNOTATION: _encoded(config)}
    if sum(len(key) + len(value) for key, value in annotations.items()) > _MAX_ANNOTATIONS:
        del annotations[ANNOTATION]
    return {**obj, "metadata": {**metadata, "annotations": annotations}}


def _encoded(config: Object) -> str:
    """As kubectl writes it: compact, sorted, without the annotation itself, with a newline."""
    metadata = dict(config.get("metadata") or {})
    annotations = {
        key: value for key, value in (metadata.get("annotations") or {}).items() if key != ANNOTATION
    }
    metadata["annotations"] = annotations
    whole = {**config, "metadata": metadata}
    return json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
