"""Who may use the kubelet's API: the API server itself, and whoever may do the same to nodes.

A client is what its certificate says (CN the user, O the groups). `system:masters`, as which the API server comes, may
do everything; of others the API server is asked, by a SubjectAccessReview of nodes/proxy, nodes/stats or nodes/metrics.
Its answers are kept for a while. Source: https://kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz/
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from hythe.kube.client.client import Client
from hythe.kube.client.resources import Resource
from hythe.kube.kubelet.api.exchange import Refused, Request

REVIEWS: Final = Resource(
    "authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview", namespaced=False
)
MASTERS: Final = "system:masters"
ALLOWED_SECONDS: Final = 300.0
DENIED_SECONDS: Final = 30.0
_VERBS: Final = {
    "POST": "create",
    "GET": "get",
    "HEAD": "get",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}
_SUBRESOURCES: Final = {"stats": "stats", "metrics": "metrics"}


class Caller(NamedTuple):
    """Out of a certificate."""

    user: str
    groups: tuple[str, ...]


def caller_of(certificate: Mapping[str, Any]) -> Caller:
    """`certificate` as SSLSocket.getpeercert() gives it: verified, its subject as pairs in pairs."""
    found: dict[str, list[str]] = {}
    for part in certificate.get("subject", ()):
        for name, value in part:
            found.setdefault(name, []).append(value)
    return Caller(next(iter(found.get("commonName", [])), ""), tuple(found.get("organizationName", [])))


class Permission:
    """Decides, for one node."""

    def __init__(self, client: Client, node: str, now: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._node = node
        self._now = now
        self._known: dict[tuple[Caller, str, str], tuple[bool, float]] = {}

    async def check(self, caller: Caller, request: Request) -> None:
        """Raises Refused (403) for one who may not, ApiError where nobody can say."""
        if MASTERS in caller.groups:
            return
        verb = _VERBS.get(request.method, "get")
        sub = _SUBRESOURCES.get(request.path.strip("/").split("/")[0], "proxy")
        if not await self._may(caller, verb, sub):
            raise Refused(
                403, f"Forbidden (user={caller.user}, verb={verb}, resource=nodes, subresource={sub})"
            )

    async def _may(self, caller: Caller, verb: str, sub: str) -> bool:
        key = (caller, verb, sub)
        known = self._known.get(key)
        if known is not None and self._now() < known[1]:
            return known[0]
        attributes = {
            "verb": verb,
            "version": "v1",
            "resource": "nodes",
            "subresource": sub,
            "name": self._node,
        }
        spec = {"user": caller.user, "groups": list(caller.groups), "resourceAttributes": attributes}
        body = {"apiVersion": REVIEWS.api_version, "kind": REVIEWS.kind, "spec": spec}
        answer = await self._client.create(REVIEWS, body)
        allowed = bool((answer.get("status") or {}).get("allowed"))
        if len(self._known) > 1000:
            self._known.clear()
        self._known[key] = (allowed, self._now() + (ALLOWED_SECONDS if allowed else DENIED_SECONDS))
        return allowed
