"""May they: `system:masters` may everything, kubelets what their node needs, and all others what RBAC says.

The first who allows decides; who does not allow leaves a reason for the message. A kubelet that its own rules refuse
may still be allowed by RBAC, as in Kubernetes.
"""

from __future__ import annotations

from hythe.kube.apiserver.auth.node import NodeAuthorizer
from hythe.kube.apiserver.auth.rbac.policy import Policy
from hythe.kube.apiserver.identity import MASTERS, Attributes, Decision

_YES = Decision(True)


class ClusterAuthorizer:
    """An `identity.Authorizer`. It awaits nothing: a decision is made of what is in memory."""

    def __init__(self, policy: Policy, nodes: NodeAuthorizer | None = None) -> None:
        self._policy, self._nodes = policy, nodes

    async def authorize(self, attributes: Attributes) -> Decision:
        if MASTERS in attributes.user.groups:
            return _YES
        said = self._nodes.decide(attributes) if self._nodes is not None else None
        if said is not None and said.allowed:
            return said
        decision = self._policy.decide(attributes)
        if decision.allowed or said is None or not said.reason:
            return decision
        reasons = [reason for reason in (said.reason, decision.reason) if reason]
        return Decision(False, "\n".join(reasons))
