"""TokenRequest: `kubectl create token`, and the tokens that kubelets mount into pods.

A token lives at least 10 minutes and at most 2^32 seconds, an hour unless asked for otherwise, and may be bound to a
pod that runs as the service account, to a secret or to a node.

Source: Kubernetes, authentication.k8s.io/v1 TokenRequest; its API server's messages.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from hythe.kube.apiserver.auth.lookup import Lookup
from hythe.kube.apiserver.auth.serviceaccounts import Tokens
from hythe.kube.objects.status import Cause, bad_request, conflict, invalid, not_found
from hythe.kube.objects.types import Object

DEFAULT_SECONDS: Final = 3600
MIN_SECONDS: Final = 600
MAX_SECONDS: Final = 1 << 32
_BOUND: Final = {"Pod": "pods", "Secret": "secrets", "Node": "nodes"}


async def request_token(request: Object, account: Object, tokens: Tokens, lookup: Lookup) -> Object:
    """The TokenRequest with its status: a token for `account`. Raises ApiError (Invalid, NotFound, Conflict)."""
    spec: dict[str, Any] = dict(request.get("spec") or {})
    seconds = spec.get("expirationSeconds")
    seconds = DEFAULT_SECONDS if seconds is None else seconds
    _check(request, seconds)
    reference = spec.get("boundObjectRef")
    bound = await _bound(reference, account, lookup) if reference else {}
    audiences = spec.get("audiences") or list(tokens.audiences)
    token, end = tokens.issue(account, audiences, seconds, bound)
    ends = datetime.fromtimestamp(end, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    metadata = {"name": account["metadata"]["name"], "namespace": account["metadata"]["namespace"]}
    return {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {**(request.get("metadata") or {}), **metadata},
        "spec": {**spec, "audiences": audiences, "expirationSeconds": seconds},
        "status": {"token": token, "expirationTimestamp": ends},
    }


def _check(request: Object, seconds: int) -> None:
    if seconds < MIN_SECONDS:
        why = "may not specify a duration less than 10 minutes"
    elif seconds > MAX_SECONDS:
        why = "may not specify a duration larger than 2^32 seconds"
    else:
        return
    cause = Cause("FieldValueInvalid", f"Invalid value: {seconds}: {why}", "spec.expirationSeconds")
    name = (request.get("metadata") or {}).get("name", "")
    raise invalid("TokenRequest.authentication.k8s.io", name, [cause])


async def _bound(reference: Object, account: Object, lookup: Lookup) -> dict[str, Object]:
    kind, name = reference.get("kind", ""), reference.get("name", "")
    resource = _BOUND.get(kind)
    if resource is None or reference.get("apiVersion", "v1") != "v1":
        group, _, version = reference.get("apiVersion", "").rpartition("/")
        raise bad_request(f"cannot bind token to object of type {group}/{version}, Kind={kind}")
    namespace = "" if kind == "Node" else account["metadata"]["namespace"]
    found = await lookup.find(resource, namespace, name)
    if found is None:
        raise not_found(resource, name)
    if kind == "Pod":
        _check_pod(found, account["metadata"]["name"])
    uid, asked = found["metadata"]["uid"], reference.get("uid")
    if asked and asked != uid:
        why = f"the UID in the bound object reference ({asked}) does not match the UID in record."
        raise conflict(resource, name, f"{why} The object might have been deleted and then recreated")
    bound = {kind.lower(): found}
    if kind == "Pod" and (node := (found.get("spec") or {}).get("nodeName")):
        on = await lookup.find("nodes", "", node)
        if on is not None:
            bound["node"] = on
    return bound


def _check_pod(pod: Object, account: str) -> None:
    if ((pod.get("spec") or {}).get("serviceAccountName") or "default") != account:
        raise bad_request(
            f'cannot bind token for serviceaccount "{account}" to pod running with different serviceaccount name.'
        )
