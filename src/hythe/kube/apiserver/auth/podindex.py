"""Which pods are bound to which node, and which objects they name: a view of the store's pods.

Of a pod, only what matters here is decoded, and a change of anything else (a status) leaves the view as it is.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from hythe.kube.apiserver.auth.following import Follower
from hythe.kube.store.contract import Store

Reference = tuple[str, str, str]
"""Resource, namespace and name of what a pod names."""


class PodsByNode(Follower):
    """Which pods are bound to which node, and what they name."""

    def __init__(self, store: Store, root: str) -> None:
        super().__init__(store, f"{root}core/pods/")
        self._pods: dict[str, tuple[str, frozenset[Reference]]] = {}
        self._named: dict[str, dict[Reference, int]] = {}  # by node, with how often

    def names(self, node: str, reference: Reference) -> bool:
        return reference in self._named.get(node, {})

    def node_of_pod(self, namespace: str, name: str) -> str | None:
        found = self._pods.get(f"{self.prefix}{namespace}/{name}")
        return found[0] if found is not None else None

    def changed(self, key: str, value: bytes) -> None:
        pod = _POD.decode(value)
        namespace = key.removeprefix(self.prefix).partition("/")[0]
        entry = (pod.spec.nodeName, pod.references(namespace))
        if self._pods.get(key) == entry:
            return
        self.gone(key)
        if entry[0]:
            self._pods[key] = entry
            counts = self._named.setdefault(entry[0], {})
            for reference in entry[1]:
                counts[reference] = counts.get(reference, 0) + 1

    def gone(self, key: str) -> None:
        node, references = self._pods.pop(key, ("", frozenset()))
        counts = self._named.get(node, {})
        for reference in references:
            counts[reference] -= 1
            if not counts[reference]:
                del counts[reference]
        if node and not counts:
            self._named.pop(node, None)


class _Named(msgspec.Struct):
    name: str = ""


class _Source(msgspec.Struct):
    configMap: _Named | None = None
    secret: _Named | None = None


class _Projected(msgspec.Struct):
    sources: list[_Source] | None = None


class _SecretVolume(msgspec.Struct):
    secretName: str = ""


class _Claim(msgspec.Struct):
    claimName: str = ""


class _Volume(msgspec.Struct):
    name: str = ""
    configMap: _Named | None = None
    secret: _SecretVolume | None = None
    projected: _Projected | None = None
    persistentVolumeClaim: _Claim | None = None
    ephemeral: Any = None


class _KeyRef(msgspec.Struct):
    configMapKeyRef: _Named | None = None
    secretKeyRef: _Named | None = None


class _Env(msgspec.Struct):
    valueFrom: _KeyRef | None = None


class _EnvFrom(msgspec.Struct):
    configMapRef: _Named | None = None
    secretRef: _Named | None = None


class _Container(msgspec.Struct):
    env: list[_Env] | None = None
    envFrom: list[_EnvFrom] | None = None


class _Spec(msgspec.Struct):
    nodeName: str = ""
    serviceAccountName: str = "default"
    containers: list[_Container] | None = None
    initContainers: list[_Container] | None = None
    ephemeralContainers: list[_Container] | None = None
    volumes: list[_Volume] | None = None
    imagePullSecrets: list[_Named] | None = None


class _Pod(msgspec.Struct):
    """Of a pod, what a kubelet must read besides it."""

    metadata: _Named
    spec: _Spec

    def references(self, namespace: str) -> frozenset[Reference]:
        found: set[tuple[str, str]] = {("serviceaccounts", self.spec.serviceAccountName)}
        found.update(("secrets", secret.name) for secret in self.spec.imagePullSecrets or ())
        for volume in self.spec.volumes or ():
            self._of_volume(volume, found)
        spec = self.spec
        for container in (
            *(spec.containers or ()),
            *(spec.initContainers or ()),
            *(spec.ephemeralContainers or ()),
        ):
            for variable in container.env or ():
                if variable.valueFrom is not None:
                    _add(found, variable.valueFrom.configMapKeyRef, variable.valueFrom.secretKeyRef)
            for source in container.envFrom or ():
                _add(found, source.configMapRef, source.secretRef)
        return frozenset((resource, namespace, name) for resource, name in found if name)

    def _of_volume(self, volume: _Volume, found: set[tuple[str, str]]) -> None:
        _add(found, volume.configMap, None)
        if volume.secret is not None:
            found.add(("secrets", volume.secret.secretName))
        if volume.persistentVolumeClaim is not None:
            found.add(("persistentvolumeclaims", volume.persistentVolumeClaim.claimName))
        if volume.ephemeral is not None:
            found.add(("persistentvolumeclaims", f"{self.metadata.name}-{volume.name}"))
        for source in (volume.projected.sources or ()) if volume.projected is not None else ():
            _add(found, source.configMap, source.secret)


_POD: Final = msgspec.json.Decoder(_Pod)


def _add(found: set[tuple[str, str]], config: _Named | None, secret: _Named | None) -> None:
    if config is not None:
        found.add(("configmaps", config.name))
    if secret is not None:
        found.add(("secrets", secret.name))
