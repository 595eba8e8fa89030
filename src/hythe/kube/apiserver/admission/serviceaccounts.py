"""ServiceAccount: every pod runs as one of its namespace, and finds a token of it at the usual place.

The token, the authority's certificate and the namespace come as one projected volume, whose token the kubelet asks
for and renews. A pod that comes right after its namespace waits for the default account, which a controller makes.

Source: Kubernetes, "Configure Service Accounts for Pods"; plugin/pkg/admission/serviceaccount.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Final

from hythe.kube.apiserver.admission.chain import Plugin, Review
from hythe.kube.apiserver.definitions import Definitions
from hythe.kube.apiserver.records import Kept, Records
from hythe.kube.objects.status import forbidden
from hythe.kube.objects.types import Object

MOUNT: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
_MIRROR: Final = "kubernetes.io/config.mirror"
_DEFAULT: Final = "default"
_TOKEN_SECONDS: Final = 3607
_WAIT_SECONDS: Final = 1.0
_ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"


class ServiceAccounts(Plugin):
    """Pods, when they are made."""

    def __init__(self, definitions: Definitions, records: Records) -> None:
        self._records = records
        self._accounts = definitions.built_in("", "v1", "serviceaccounts")

    async def admit(self, review: Review) -> None:
        if review.resource != "pods" or review.operation != "CREATE" or _is_mirror(review.obj):
            return
        spec = review.obj["spec"]
        name = spec.get("serviceAccountName") or spec.get("serviceAccount") or _DEFAULT
        spec["serviceAccountName"] = spec["serviceAccount"] = name
        account = (await self._find(review, name)).object()
        if _wants_token(spec, account):
            mount(spec)
        if account.get("imagePullSecrets") and not spec.get("imagePullSecrets"):
            spec["imagePullSecrets"] = account["imagePullSecrets"]

    async def _find(self, review: Review, name: str) -> Kept:
        found = await self._records.find(self._accounts, review.namespace, name)
        if found is None and name == _DEFAULT:
            found = await self._soon(review.namespace)
        if found is None:
            where = f"{review.namespace}/{name}"
            why = f'error looking up service account {where}: serviceaccount "{name}" not found'
            raise forbidden("pods", review.name, why)
        return found

    async def _soon(self, namespace: str) -> Kept | None:
        """The default account, if it comes within a moment."""
        changes = await self._records.watch(self._accounts, namespace, _DEFAULT, None)
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                while True:
                    found = await self._records.find(self._accounts, namespace, _DEFAULT)
                    if found is not None:
                        return found
                    await anext(changes)
        except (TimeoutError, StopAsyncIteration):
            return None
        finally:
            changes.close()


def _is_mirror(pod: Object) -> bool:
    return _MIRROR in (pod["metadata"].get("annotations") or {})


def _wants_token(spec: Object, account: Object) -> bool:
    said = spec.get("automountServiceAccountToken")
    return bool(account.get("automountServiceAccountToken", True) if said is None else said)


def mount(spec: Object) -> None:
    """Mount the volume in each container that has nothing else at its place."""
    containers = [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]
    bare = [each for each in containers if not _has_mount(each)]
    if not bare:
        return
    name = "kube-api-access-" + "".join(secrets.choice(_ALPHABET) for _ in range(5))
    spec["volumes"] = [*(spec.get("volumes") or []), {"name": name, "projected": _projected()}]
    for container in bare:
        mounted = {"name": name, "readOnly": True, "mountPath": MOUNT}
        container["volumeMounts"] = [*(container.get("volumeMounts") or []), mounted]


def _has_mount(container: Object) -> bool:
    return any(each.get("mountPath") == MOUNT for each in container.get("volumeMounts") or [])


def _projected() -> Object:
    namespace = {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
    certificate = {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}
    return {
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": _TOKEN_SECONDS, "path": "token"}},
            {"configMap": certificate},
            {"downwardAPI": {"items": [namespace]}},
        ],
        "defaultMode": 0o644,
    }
