"""The policy, kept as the store has it.

Read whole once, then by a watch, in the order of the store. A change counts a moment after it was acknowledged, as on
any Kubernetes, where every API server learns of it by a watch.
"""

from __future__ import annotations

import msgspec

from hythe.kube.apiserver.auth.following import Follower
from hythe.kube.apiserver.auth.rbac.policy import GROUP, Policy
from hythe.kube.store.contract import Store


class PolicyFollower(Follower):
    """`root`: what the keys of all objects begin with; then come group, resource, namespace and name."""

    def __init__(self, store: Store, policy: Policy, root: str) -> None:
        super().__init__(store, f"{root}{GROUP}/")
        self._policy = policy

    def changed(self, key: str, value: bytes) -> None:
        self._policy.set(self._parts(key)[0], msgspec.json.decode(value))

    def gone(self, key: str) -> None:
        self._policy.remove(*self._parts(key))

    def _parts(self, key: str) -> tuple[str, str, str]:
        """Resource, namespace and name."""
        resource, *rest = key.removeprefix(self.prefix).split("/")
        return resource, rest[0] if len(rest) > 1 else "", rest[-1]
