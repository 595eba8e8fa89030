"""Bodies become objects: the way of everything that a client sends.

    body(data, content type, expected kind, fieldValidation)    the whole way; an object and warnings, or `ApiError`
    parse(data, content type)                                   text to JSON values, with the duplicate fields
    typed(object, kind)                                         Go's types applied; the object as Kubernetes stores it,
                                                                and the unknown fields
    settle(problems, kind, fieldValidation)                     problems refused, or made warnings, or forgotten

A custom resource goes through `parse`, is pruned by its own schema, and through `settle`. The result of a patch goes
through `typed` and `settle`. Every message is Kubernetes' own. Kept out: defaults and validation, which follow.
"""

from __future__ import annotations

from hythe.kube.objects.schema.decode.body import (
    ACCEPTED,
    MAX_BODY,
    Decoded,
    FieldValidation,
    Parsed,
    body,
    parse,
    settle,
    typed,
)
from hythe.kube.objects.schema.decode.failures import Undecodable
from hythe.kube.objects.schema.decode.typed import Typed

__all__ = [
    "ACCEPTED",
    "MAX_BODY",
    "Decoded",
    "FieldValidation",
    "Parsed",
    "Typed",
    "Undecodable",
    "body",
    "parse",
    "settle",
    "typed",
]
