"""Service account tokens of pods: issued by TokenRequest, bound to the pod, renewed before they end.

A token is renewed at 80 % of its life, or after a day if that is sooner. Source: pkg/kubelet/token of Kubernetes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from hythe.errors import HytheError
from hythe.kube.client.client import Client
from hythe.kube.client.resources import SERVICE_ACCOUNTS
from hythe.kube.kubelet.pods import names
from hythe.kube.kubelet.status.times import seconds_of
from hythe.kube.kubelet.volumes.payload import TokenWanted
from hythe.kube.kubelet.volumes.problem import VolumeProblem
from hythe.kube.objects.types import Object

DAY = 24 * 3600.0


class _Token(NamedTuple):
    text: str
    renew: float
    ends: float


class Tokens:
    """One for the node."""

    def __init__(self, client: Client, now: Callable[[], float] = time.time) -> None:
        self._client = client
        self._now = now
        self._known: dict[tuple[str, TokenWanted], _Token] = {}

    async def get(self, pod: Object, wanted: TokenWanted) -> str:
        """A token that is good for a while yet. Raises VolumeProblem."""
        key = (names.uid(pod), wanted)
        known = self._known.get(key)
        if known is not None and self._now() < known.renew:
            return known.text
        try:
            self._known[key] = await self._issue(pod, wanted)
        except HytheError as error:
            if known is not None and self._now() < known.ends:
                return known.text
            raise VolumeProblem(f"failed to fetch token: {error.message}") from error
        return self._known[key].text

    async def _issue(self, pod: Object, wanted: TokenWanted) -> _Token:
        account = pod["spec"].get("serviceAccountName") or "default"
        spec: Object = {
            "expirationSeconds": wanted.seconds,
            "boundObjectRef": {
                "kind": "Pod", "apiVersion": "v1", "name": names.name(pod), "uid": names.uid(pod),
            },
        }  # fmt: skip
        if wanted.audience:
            spec["audiences"] = [wanted.audience]
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        answer = await self._client.create(
            SERVICE_ACCOUNTS, body, names.namespace(pod), name=account, subresource="token"
        )
        now = self._now()
        ends = float(seconds_of(answer["status"]["expirationTimestamp"]))
        return _Token(answer["status"]["token"], now + min((ends - now) * 0.8, DAY), ends)

    def next_renewal(self, uid: str) -> float | None:
        """When the first of the pod's tokens is due, in Unix seconds."""
        return min((token.renew for key, token in self._known.items() if key[0] == uid), default=None)

    def forget(self, uid: str) -> None:
        for key in [key for key in self._known if key[0] == uid]:
            del self._known[key]
