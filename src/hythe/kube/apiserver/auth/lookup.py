"""What authentication and authorisation ask of the cluster's objects: one method, so that tests can answer it."""

from __future__ import annotations

from typing import Protocol

from hythe.kube.objects.types import Object


class Lookup(Protocol):
    """Objects of the core group."""

    async def find(self, resource: str, namespace: str, name: str) -> Object | None:
        """`resource`: serviceaccounts, pods, secrets or nodes. None if there is no such object."""
        ...
