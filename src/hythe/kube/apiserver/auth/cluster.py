"""Authentication and authorisation of one server, put together: what needs the cluster's objects follows them.

authority, static tokens, Secrets, ServiceAccounts --> authenticator
Roles and bindings (followed) --> policy --.
Pods (followed) --> what each node names --+--> authorizer
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Final

from hythe.kube.apiserver.auth.authenticator import ClusterAuthenticator
from hythe.kube.apiserver.auth.authorizer import ClusterAuthorizer
from hythe.kube.apiserver.auth.bearers import BootstrapTokens, StaticTokens
from hythe.kube.apiserver.auth.jws import Signer
from hythe.kube.apiserver.auth.node import NodeAuthorizer, node_of
from hythe.kube.apiserver.auth.pki import Pki
from hythe.kube.apiserver.auth.podindex import PodsByNode
from hythe.kube.apiserver.auth.rbac import bootstrap
from hythe.kube.apiserver.auth.rbac.escalation import EscalationCheck
from hythe.kube.apiserver.auth.rbac.follow import PolicyFollower
from hythe.kube.apiserver.auth.rbac.policy import Policy
from hythe.kube.apiserver.auth.rbac.rules import Rule
from hythe.kube.apiserver.auth.serviceaccounts import Tokens
from hythe.kube.apiserver.definitions import Definitions
from hythe.kube.apiserver.identity import User
from hythe.kube.apiserver.records import ROOT, Records
from hythe.kube.objects.types import Object

_NODE_ROLE: Final = "system:node"


class RecordLookup:
    """A `lookup.Lookup` of what is stored."""

    def __init__(self, definitions: Definitions, records: Records) -> None:
        self._definitions, self._records = definitions, records

    async def find(self, resource: str, namespace: str, name: str) -> Object | None:
        found = await self._records.find(self._definitions.built_in("", "v1", resource), namespace, name)
        return found.object() if found is not None else None


class ClusterAuth:
    """The parts, by name. Until `start` has returned, only `system:masters` may anything."""

    def __init__(
        self,
        pki: Pki,
        definitions: Definitions,
        records: Records,
        domain: str,
        static: Mapping[str, User] | None = None,
    ) -> None:
        self.lookup = RecordLookup(definitions, records)
        issuer = f"https://kubernetes.default.svc.{domain}"
        self.tokens = Tokens(Signer(pki.service_account_key), self.lookup, issuer)
        self.authenticator = ClusterAuthenticator(
            pki.authority, StaticTokens(static or {}), BootstrapTokens(self.lookup), self.tokens
        )
        self.policy = Policy()
        self._pods = PodsByNode(records.store, ROOT)
        self._roles = PolicyFollower(records.store, self.policy, ROOT)
        self.authorizer = ClusterAuthorizer(self.policy, NodeAuthorizer(self._pods, node_rules()))
        self.escalation = EscalationCheck(self.policy, self.authorizer)
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        """Raises what the store raises."""
        async with AsyncExitStack() as stack:
            for follower in (self._roles, self._pods):
                await follower.start()
                stack.push_async_callback(follower.stop)
            self._stack = stack.pop_all()

    def refuses_token(self, user: User, namespace: str, request: Object) -> str:
        """Why a kubelet may not have such a token: it must be bound to a pod of its own. "" if it may."""
        node = node_of(user)
        if node is None:
            return ""
        reference = (request.get("spec") or {}).get("boundObjectRef") or {}
        if reference.get("kind") != "Pod":
            return "node requested token not bound to a pod"
        if self._pods.node_of_pod(namespace, reference.get("name", "")) != node:
            return "node requested token bound to a pod scheduled on a different node"
        return ""

    async def stop(self) -> None:
        await self._stack.aclose()


def node_rules() -> list[Rule]:
    """Of the ClusterRole of kubelets, as every cluster has it: what somebody made of it in the store does not count."""
    (role,) = (
        obj
        for resource, obj in bootstrap.objects()
        if resource == "clusterroles" and obj["metadata"]["name"] == _NODE_ROLE
    )
    return [Rule.read(rule) for rule in role["rules"]]
