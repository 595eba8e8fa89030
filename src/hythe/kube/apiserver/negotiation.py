"""Which form a client accepts: JSON or YAML; whole objects, a Table, or metadata alone.

The first clause of the Accept header that can be served wins, as in Kubernetes, whose clients list their wishes in
order and give no weights. protobuf is never chosen: each client that names it names JSON too.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from hythe.kube.objects.status import ApiError, not_acceptable

JSON: Final = "application/json"
YAML: Final = "application/yaml"
_META_VERSIONS: Final = frozenset({"v1", "v1beta1"})
_SHAPES: Final = frozenset({"Table", "PartialObjectMetadata", "PartialObjectMetadataList"})


class Wanted(NamedTuple):
    """`media`: JSON or YAML. `shape`: "", "Table" or "PartialObjectMetadata", for lists too; `version`: its."""

    media: str = JSON
    shape: str = ""
    version: str = "v1"


PLAIN: Final = Wanted()


def negotiate(accept: str | None, *, shapes: bool = True) -> Wanted:
    """Raises ApiError (NotAcceptable) if no clause can be served. `shapes`: whether tables and the like exist here."""
    if not accept or accept == "*/*":
        return PLAIN
    for clause in accept.split(","):
        wanted = _clause(clause, shapes)
        if wanted is not None:
            return wanted
    raise refusal()


def refusal() -> ApiError:
    return not_acceptable((JSON, YAML))


def _clause(clause: str, shapes: bool) -> Wanted | None:
    media, *parameters = (part.strip() for part in clause.split(";"))
    if media in ("*/*", "application/*"):
        media = JSON
    if media not in (JSON, YAML):
        return None
    values = dict(parameter.partition("=")[::2] for parameter in parameters)
    shape = values.get("as", "")
    if not shape:
        return Wanted(media)
    if not shapes or shape not in _SHAPES or values.get("g") != "meta.k8s.io":
        return None
    version = values.get("v", "")
    if version not in _META_VERSIONS:
        return None
    return Wanted(media, shape.removesuffix("List"), version)
