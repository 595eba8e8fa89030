"""Two small controllers over namespaces: each one that is not going away gets what pods in it count on.

A ServiceAccount called `default`, and a ConfigMap `kube-root-ca.crt` with the certificate of the cluster's authority.
Either is made again when it is deleted; the ConfigMap also when somebody changes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hythe.kube.client.resources import CONFIG_MAPS, NAMESPACES, SERVICE_ACCOUNTS
from hythe.kube.controllers.controller import Context, Controller
from hythe.kube.controllers.podcontrol import namespace_is_terminating
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import Object

_DEFAULT: Final = "default"
_AUTHORITY: Final = "kube-root-ca.crt"
_DESCRIPTION: Final = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
    "clusters."
)


class ServiceAccountController(Controller):
    name = "serviceaccount-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._namespaces = self.follow(NAMESPACES)
        self._accounts = self.follow(SERVICE_ACCOUNTS, lambda body: _namespace_if(body, _DEFAULT))

    async def sync(self, key: str) -> None:
        namespace = self._namespaces.cache.get(key)
        if not _lives(namespace) or f"{key}/{_DEFAULT}" in self._accounts.cache:
            return
        wanted = {
            "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": _DEFAULT, "namespace": key},
        }  # fmt: skip
        try:
            await self.client.create(SERVICE_ACCOUNTS, wanted)
        except ApiError as error:
            _expected(error)


class RootCertificateController(Controller):
    """`authority` is PEM; without one nothing is published."""

    name = "root-ca-certificate-publisher-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._authority = context.options.authority
        self._namespaces = self.follow(NAMESPACES)
        self._maps = self.follow(CONFIG_MAPS, lambda body: _namespace_if(body, _AUTHORITY))

    async def sync(self, key: str) -> None:
        if not self._authority or not _lives(self._namespaces.cache.get(key)):
            return
        known = self._maps.cache.get(f"{key}/{_AUTHORITY}")
        wanted = {"ca.crt": self._authority}
        if known is not None and known.get("data") == wanted:
            return
        meta: Object = {
            "name": _AUTHORITY, "namespace": key, "annotations": {"kubernetes.io/description": _DESCRIPTION},
        }  # fmt: skip
        try:
            if known is None:
                body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": wanted}
                await self.client.create(CONFIG_MAPS, body)
            else:
                await self.client.update(CONFIG_MAPS, {**known, "data": wanted})
        except ApiError as error:
            _expected(error)


def _namespace_if(body: Object, name: str) -> Iterable[str]:
    if body["metadata"]["name"] == name:
        yield body["metadata"]["namespace"]


def _lives(namespace: Object | None) -> bool:
    return namespace is not None and not namespace["metadata"].get("deletionTimestamp")


def _expected(error: ApiError) -> None:
    """Another was first, or the namespace is going away."""
    if error.reason != "AlreadyExists" and not namespace_is_terminating(error):
        raise error
