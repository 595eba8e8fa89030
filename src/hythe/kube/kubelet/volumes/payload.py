"""What configMap, secret, downwardAPI and projected volumes hold: from the sources to paths, bytes and modes.

Pure: the sources have been fetched (`needed` says which), tokens issued. Errors are in Kubernetes' words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from hythe.errors import InvalidArgument
from hythe.kube.kubelet.env import fields
from hythe.kube.kubelet.env.variables import Kind, Source, Sources, data_of
from hythe.kube.kubelet.pods import names, parts, security
from hythe.kube.kubelet.volumes.atomic import File
from hythe.kube.kubelet.volumes.problem import VolumeProblem, VolumeUnsupported
from hythe.kube.objects.types import Object

DEFAULT_MODE = 0o644
KINDS = ("configMap", "secret", "downwardAPI", "projected")


class TokenWanted(NamedTuple):
    """A service account token: for whom ("" for the API server), for how many seconds."""

    audience: str
    seconds: int


class Around(NamedTuple):
    """`tokens` by what was asked for."""

    sources: Sources
    place: fields.Place
    tokens: Mapping[TokenWanted, str]


def _projections(volume: Object) -> Iterator[tuple[str, Object]]:
    """Each source of a volume, in the form in which a projected volume has it."""
    if projected := volume.get("projected"):
        for source in projected.get("sources") or []:
            for kind in ("configMap", "secret", "downwardAPI", "serviceAccountToken", "clusterTrustBundle"):
                if (found := source.get(kind)) is not None:
                    yield kind, found
    elif (config := volume.get("configMap")) is not None:
        yield "configMap", config
    elif (secret := volume.get("secret")) is not None:
        yield "secret", {**secret, "name": secret.get("secretName", "")}
    elif (downward := volume.get("downwardAPI")) is not None:
        yield "downwardAPI", downward


def needed(volume: Object) -> set[Source]:
    """ConfigMaps and Secrets that it takes."""
    kinds: dict[str, Kind] = {"configMap": "configmap", "secret": "secret"}
    return {
        Source(kinds[kind], str(one.get("name", ""))) for kind, one in _projections(volume) if kind in kinds
    }


def tokens(volume: Object) -> set[TokenWanted]:
    return {_token(one) for kind, one in _projections(volume) if kind == "serviceAccountToken"}


def _token(one: Object) -> TokenWanted:
    return TokenWanted(str(one.get("audience") or ""), int(one.get("expirationSeconds") or 3600))


def payload(pod: Object, volume: Object, around: Around) -> dict[str, File]:
    """The files of the volume. Raises VolumeProblem."""
    mode = _default_mode(volume)
    found: dict[str, File] = {}
    for kind, one in _projections(volume):
        if kind in ("configMap", "secret"):
            found |= _keys(pod, "configmap" if kind == "configMap" else "secret", one, mode, around.sources)
        elif kind == "downwardAPI":
            found |= _downward(pod, one, mode, around.place)
        elif kind == "serviceAccountToken":
            owner = common_user(pod)
            private = owner is not None or security.fs_group(pod) is not None
            text = around.tokens[_token(one)].encode()
            found[one["path"]] = File(text, 0o600 if private else mode, owner)
        else:
            raise VolumeUnsupported(f"{kind} projections are not supported")
    return found


def _default_mode(volume: Object) -> int:
    given: Object = next((volume[kind] for kind in KINDS if volume.get(kind) is not None), {})
    mode = given.get("defaultMode")
    return DEFAULT_MODE if mode is None else int(mode)


def common_user(pod: Object) -> int | None:
    """The uid that all containers of a pod run as; None if that is not one, or not said."""
    users = {security.effective(pod, one).get("runAsUser") for one in parts.every_container(pod)}
    only = users.pop() if len(users) == 1 else None
    return None if only is None else int(only)


def _keys(pod: Object, kind: Kind, one: Object, mode: int, sources: Sources) -> dict[str, File]:
    name = str(one.get("name", ""))
    source = sources.get(Source(kind, name))
    if source is None:
        if one.get("optional"):
            return {}
        raise VolumeProblem(f'{kind} "{name}" not found')
    data = data_of(kind, source)
    items = one.get("items")
    if not items:
        return {key: File(value, mode) for key, value in data.items()}
    return dict(_items(pod, kind, name, items, data, mode, bool(one.get("optional"))))


def _items(
    pod: Object,
    kind: Kind,
    name: str,
    items: Iterable[Object],
    data: Mapping[str, bytes],
    mode: int,
    optional: bool,
) -> Iterator[tuple[str, File]]:
    for item in items:
        if item["key"] not in data:
            if optional:
                continue
            if kind == "secret":
                raise VolumeProblem(f"references non-existent secret key: {item['key']}")
            raise VolumeProblem(f"configmap references non-existent config key: {item['key']}")
        own = item.get("mode")
        yield item["path"], File(data[item["key"]], mode if own is None else int(own))


def _downward(pod: Object, one: Object, mode: int, place: fields.Place) -> dict[str, File]:
    found: dict[str, File] = {}
    for item in one.get("items") or []:
        own = item.get("mode")
        try:
            if ref := item.get("fieldRef"):
                text = fields.field(pod, ref["fieldPath"], place)
            else:
                ref = item["resourceFieldRef"]
                text = fields.resource(
                    pod, parts.container(pod, ref.get("containerName", "")) or {}, ref, place
                )
        except InvalidArgument as error:
            raise VolumeProblem(f"{names.described(pod)}: {error.message}") from error
        found[item["path"]] = File(text.encode(), mode if own is None else int(own))
    return found
