"""403 as Kubernetes says it."""

from __future__ import annotations

from hythe.kube.apiserver.identity import Attributes
from hythe.kube.objects.status import ApiError, forbidden


def refused(wanted: Attributes, reason: str = "") -> ApiError:
    """`pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "y"`."""
    user = wanted.user.name
    because = f": {reason}" if reason else ""
    if not wanted.resource:
        return forbidden("", "", f'User "{user}" cannot {wanted.verb} path "{wanted.path}"{because}')
    resource = f"{wanted.resource}/{wanted.subresource}" if wanted.subresource else wanted.resource
    where = f'in the namespace "{wanted.namespace}"' if wanted.namespace else "at the cluster scope"
    text = f'User "{user}" cannot {wanted.verb} resource "{resource}" in API group "{wanted.group}" {where}'
    qualified = f"{wanted.resource}.{wanted.group}" if wanted.group else wanted.resource
    return forbidden(qualified, wanted.name, text + because)
