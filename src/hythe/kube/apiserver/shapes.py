"""Objects in the form that a client wants: as they are, as rows of a Table, or their metadata alone.

Source: Kubernetes, "Receiving resources as Tables", "Metadata-only fetches".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from hythe.kube.apiserver.call import Call
from hythe.kube.apiserver.negotiation import Wanted
from hythe.kube.objects.status import bad_request
from hythe.kube.objects.types import Object

_META: Final = "meta.k8s.io/"
_INCLUDE: Final = ("", "Metadata", "None", "Object")


def one(call: Call, wanted: Wanted, obj: Object) -> Object:
    """A single object."""
    if wanted.shape == "Table":
        return table(call, wanted, [obj], {"resourceVersion": obj["metadata"].get("resourceVersion", "")})
    if wanted.shape == "PartialObjectMetadata":
        return partial(obj, wanted.version)
    return obj


def many(call: Call, wanted: Wanted, objects: Sequence[Object], metadata: Object) -> Object:
    """A list; `metadata` is the list's own."""
    if wanted.shape == "Table":
        return table(call, wanted, objects, metadata)
    if wanted.shape == "PartialObjectMetadata":
        items = [partial(obj, wanted.version) for obj in objects]
        kind = "PartialObjectMetadataList"
        return {"kind": kind, "apiVersion": _META + wanted.version, "metadata": metadata, "items": items}
    definition = call.definition
    items = list(objects)
    return {
        "kind": definition.list_kind,
        "apiVersion": definition.api_version,
        "metadata": metadata,
        "items": items,
    }


def partial(obj: Object, version: str) -> Object:
    return {"kind": "PartialObjectMetadata", "apiVersion": _META + version, "metadata": obj["metadata"]}


def table(
    call: Call, wanted: Wanted, objects: Sequence[Object], metadata: Object, *, columns: bool = True
) -> Object:
    """`columns`: whether they are described; in a watch only the first event does."""
    include = call.query.get("includeObject", "")
    if include not in _INCLUDE:
        raise bad_request(f'unrecognized includeObject value: "{include}"')
    described, rows = call.machine.kinds.table(call.definition, objects, call.machine.timestamp())
    return {
        "kind": "Table",
        "apiVersion": _META + wanted.version,
        "metadata": metadata,
        "columnDefinitions": described if columns else None,
        "rows": [_row(cells, obj, include, wanted) for cells, obj in zip(rows, objects, strict=True)],
    }


def _row(cells: list[Any], obj: Object, include: str, wanted: Wanted) -> Object:
    if include == "None":
        return {"cells": cells}
    return {"cells": cells, "object": obj if include == "Object" else partial(obj, wanted.version)}
