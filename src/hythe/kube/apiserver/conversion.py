"""An object in another version of its resource: built-in by the schema's rules, custom by name alone."""

from __future__ import annotations

from hythe.kube.apiserver.definitions import CustomResource, Definition
from hythe.kube.objects.schema.convert import to
from hythe.kube.objects.types import Object


def convert(definition: Definition, obj: Object, api_version: str) -> Object:
    """`obj` as `api_version`; it may share parts with the original."""
    if isinstance(definition, CustomResource):
        return {**obj, "apiVersion": api_version}
    return to(obj, api_version)
