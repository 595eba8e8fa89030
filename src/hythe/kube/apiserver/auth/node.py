"""What a kubelet may do: what its own node and its own pods need, and nothing of its neighbours'.

A kubelet is the user `system:node:NAME` in the group `system:nodes`. The rules of the ClusterRole `system:node` are the
outer bound. Within it, a secret, config map, claim or volume may be read if a pod that is bound to the node names it,
one at a time, by its name (a watch by `metadata.name=`); a token may be had for the service account of such a pod; and
nodes, leases, CSINodes and the status of pods may be written only if they are its own.

Which pod names what is kept by a view of the pods (`podindex`).

Source: Kubernetes, "Using Node Authorization" and the admission plugin NodeRestriction, which is `may_write` here.
"""

from __future__ import annotations

from typing import Final

from hythe.kube.apiserver.auth.podindex import PodsByNode
from hythe.kube.apiserver.auth.rbac.rules import Rule
from hythe.kube.apiserver.identity import Attributes, Decision, User
from hythe.kube.objects.types import Object

PREFIX: Final = "system:node:"
GROUP: Final = "system:nodes"
_REFERENCED: Final = frozenset({"secrets", "configmaps", "persistentvolumeclaims", "serviceaccounts"})
_READ: Final = frozenset({"get", "list", "watch"})
_OWN_NAME: Final = frozenset({"update", "patch", "delete"})


def node_of(user: User) -> str | None:
    """The node whose kubelet this is."""
    if GROUP in user.groups and user.name.startswith(PREFIX):
        return user.name.removeprefix(PREFIX) or None
    return None


class NodeAuthorizer:
    """An opinion on kubelets alone; `rules`: of the ClusterRole system:node."""

    def __init__(self, pods: PodsByNode, rules: list[Rule]) -> None:
        self._pods, self._rules = pods, rules

    def decide(self, wanted: Attributes) -> Decision | None:
        """None of one who is no kubelet."""
        node = node_of(wanted.user)
        if node is None:
            return None
        if not any(rule.allows(wanted) for rule in self._rules):
            return Decision(False)
        if wanted.group == "" and wanted.resource in _REFERENCED:
            return self._referenced(node, wanted)
        if not self._own(node, wanted):
            return Decision(False, f"node '{node}' cannot {wanted.verb} what is another node's")
        return Decision(True)

    def _referenced(self, node: str, wanted: Attributes) -> Decision:
        if not wanted.name:
            return Decision(
                False, f"No Object name found; node '{node}' can only {wanted.verb} one by its name"
            )
        if self._pods.names(node, (wanted.resource, wanted.namespace, wanted.name)):
            return Decision(True)
        return Decision(False, f"no relationship found between node '{node}' and this object")

    def _own(self, node: str, wanted: Attributes) -> bool:
        if wanted.verb in _READ:
            return wanted.resource != "leases" or wanted.name == node
        if wanted.resource in ("nodes", "csinodes") and wanted.verb in _OWN_NAME:
            return wanted.name == node
        if wanted.resource == "leases":
            return wanted.namespace == "kube-node-lease" and wanted.name in (node, "")
        if wanted.resource == "pods" and wanted.name:
            return self._pods.node_of_pod(wanted.namespace, wanted.name) == node
        return True


def may_write(user: User, resource: str, subresource: str, obj: Object) -> str:
    """Why a kubelet may not create or change this object; "" if it may, or is no kubelet. For admission."""
    node = node_of(user)
    if node is None:
        return ""
    name = obj.get("metadata", {}).get("name", "")
    if resource in ("nodes", "leases", "csinodes") and name != node:
        return f'node "{node}" is not allowed to modify {resource[:-1]} "{name}"'
    if resource == "pods" and not subresource:
        if (obj.get("spec") or {}).get("nodeName") != node:
            return f'node "{node}" can only create pods with spec.nodeName set to itself'
        if "kubernetes.io/config.mirror" not in (obj["metadata"].get("annotations") or {}):
            said = 'pod does not have "kubernetes.io/config.mirror" annotation'
            return f'{said}, node "{node}" can only create mirror pods'
    return ""
