"""A container's environment: envFrom, env with references and expansion, then the services' variables.

Which ConfigMaps and Secrets that takes is asked first (`needed`), so that the rest is a pure function. A later entry
wins over an earlier one; services never win. Source: makeEnvironmentVariables of Kubernetes.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from hythe.errors import InvalidArgument
from hythe.kube.kubelet.env import fields
from hythe.kube.kubelet.env.expansion import expand
from hythe.kube.kubelet.pods import names
from hythe.kube.objects.types import Object

Kind = Literal["configmap", "secret"]


class Source(NamedTuple):
    """A ConfigMap or Secret, of the pod's namespace."""

    kind: Kind
    name: str


Sources = Mapping[Source, Object | None]
"""None for what does not exist."""


class ConfigProblem(InvalidArgument):
    """A container cannot be configured: CreateContainerConfigError, with this message."""


def needed(container: Object) -> set[Source]:
    """All that its environment refers to."""
    return {source for source, _ in _references(container)}


def _references(container: Object) -> Iterator[tuple[Source, Object]]:
    for entry in container.get("envFrom") or []:
        if ref := entry.get("configMapRef"):
            yield Source("configmap", ref["name"]), ref
        if ref := entry.get("secretRef"):
            yield Source("secret", ref["name"]), ref
    for entry in container.get("env") or []:
        origin = entry.get("valueFrom") or {}
        if ref := origin.get("configMapKeyRef"):
            yield Source("configmap", ref["name"]), ref
        if ref := origin.get("secretKeyRef"):
            yield Source("secret", ref["name"]), ref


def data_of(kind: Kind, found: Object) -> dict[str, bytes]:
    """All keys of a ConfigMap or Secret."""
    if kind == "secret":
        return {key: base64.b64decode(value) for key, value in (found.get("data") or {}).items()}
    text = {key: value.encode() for key, value in (found.get("data") or {}).items()}
    binary = {key: base64.b64decode(value) for key, value in (found.get("binaryData") or {}).items()}
    return text | binary


def environment(
    pod: Object, container: Object, sources: Sources, services: Mapping[str, str], place: fields.Place
) -> dict[str, str]:
    """In the order in which the container gets them. Raises ConfigProblem."""
    found: dict[str, str] = {}
    for entry in container.get("envFrom") or []:
        found |= _all_keys(entry, sources)
    for entry in container.get("env") or []:
        value = _value(pod, container, entry, sources, place, {**services, **found})
        if value is not None:
            found[entry["name"]] = value
    return {**found, **{key: value for key, value in services.items() if key not in found}}


def _all_keys(entry: Object, sources: Sources) -> dict[str, str]:
    prefix = entry.get("prefix") or ""
    found: dict[str, str] = {}
    kinds: tuple[tuple[str, Kind], ...] = (("configMapRef", "configmap"), ("secretRef", "secret"))
    for field, kind in kinds:
        if ref := entry.get(field):
            source = sources.get(Source(kind, ref["name"]))
            if source is None:
                if not ref.get("optional"):
                    raise ConfigProblem(f'{kind} "{ref["name"]}" not found')
                continue
            if kind == "configmap":
                data = {key: value.encode() for key, value in (source.get("data") or {}).items()}
            else:
                data = data_of(kind, source)
            for key in sorted(data):
                if _is_name(prefix + key):
                    found[prefix + key] = data[key].decode(errors="replace")
    return found


def _is_name(text: str) -> bool:
    return bool(text) and "=" not in text and all(" " <= letter <= "~" for letter in text)


def _value(
    pod: Object,
    container: Object,
    entry: Object,
    sources: Sources,
    place: fields.Place,
    known: Mapping[str, str],
) -> str | None:
    """None for an optional reference that leads nowhere."""
    origin = entry.get("valueFrom")
    if not origin:
        return expand(str(entry.get("value") or ""), known)
    if ref := origin.get("fieldRef"):
        try:
            return fields.field(pod, ref["fieldPath"], place)
        except InvalidArgument as error:
            raise ConfigProblem(error.message) from error
    if ref := origin.get("resourceFieldRef"):
        return fields.resource(pod, container, ref, place)
    if ref := origin.get("configMapKeyRef"):
        return _key(pod, "configmap", "ConfigMap", ref, sources)
    if ref := origin.get("secretKeyRef"):
        return _key(pod, "secret", "Secret", ref, sources)
    return None


def _key(pod: Object, kind: Kind, title: str, ref: Object, sources: Sources) -> str | None:
    source = sources.get(Source(kind, ref["name"]))
    if source is None:
        if ref.get("optional"):
            return None
        raise ConfigProblem(f'{kind} "{ref["name"]}" not found')
    data = data_of(kind, source)
    if ref["key"] not in data:
        if ref.get("optional"):
            return None
        raise ConfigProblem(f"couldn't find key {ref['key']} in {title} {names.namespace(pod)}/{ref['name']}")
    return data[ref["key"]].decode(errors="replace")
