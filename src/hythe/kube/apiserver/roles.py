"""RBAC's own objects: the roles and bindings that every cluster has, and the rules of roles that are made of others.

The former are made, or mended, at each start (`auth/rbac/bootstrap.py`). The latter are written whenever a ClusterRole
has changed, so that people see what such a role allows; decisions do not wait for that.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Final

import msgspec

from hythe.errors import HytheError
from hythe.kube.apiserver import bootstrap
from hythe.kube.apiserver.auth.following import Follower
from hythe.kube.apiserver.auth.rbac.aggregation import aggregated_rules, is_aggregated
from hythe.kube.apiserver.auth.rbac.bootstrap import mended, objects
from hythe.kube.apiserver.auth.rbac.policy import CLUSTER_ROLES, GROUP
from hythe.kube.apiserver.machine import Machine
from hythe.kube.apiserver.records import ROOT, Kept
from hythe.kube.objects.types import Object

log = logging.getLogger("hythe.kube.apiserver")
_VERSION: Final = "v1"


async def reconcile(machine: Machine) -> None:
    """Make what is missing of the default roles and bindings, add what they lack. Raises ApiError, HytheError."""
    await asyncio.gather(*(_reconcile(machine, resource, obj) for resource, obj in objects()))


async def _reconcile(machine: Machine, resource: str, wanted: Object) -> None:
    definition = machine.definitions.built_in(GROUP, _VERSION, resource)
    await bootstrap.ensure(machine, definition, wanted)

    async def mend(kept: Kept) -> Object | None:
        return mended(kept.object(), wanted)

    metadata = wanted["metadata"]
    await machine.records.change(definition, metadata.get("namespace", ""), metadata["name"], mend)


class Aggregation(Follower):
    """Runs from `start` to `stop`."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine.records.store, f"{ROOT}{GROUP}/{CLUSTER_ROLES}/")
        self._machine = machine
        self._definition = machine.definitions.built_in(GROUP, _VERSION, CLUSTER_ROLES)
        self._roles: dict[str, Object] = {}
        self._changed = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None

    def changed(self, key: str, value: bytes) -> None:
        self._roles[key.removeprefix(self.prefix)] = msgspec.json.decode(value)
        self._changed.set()

    def gone(self, key: str) -> None:
        self._roles.pop(key.removeprefix(self.prefix), None)
        self._changed.set()

    async def start(self) -> None:
        await super().start()
        self._writing = asyncio.create_task(self._run(), name="role aggregation")

    async def stop(self) -> None:
        await super().stop()
        if self._writing is not None:
            self._writing.cancel()
            with suppress(asyncio.CancelledError):
                await self._writing

    async def _run(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            for name, role in list(self._roles.items()):
                if is_aggregated(role):
                    try:
                        await self._write(name)
                    except HytheError as error:
                        log.warning("the rules of ClusterRole %s: %s", name, error)

    async def _write(self, name: str) -> None:
        async def work(kept: Kept) -> Object | None:
            role = kept.object()
            rules = aggregated_rules(role, {**self._roles, name: role})
            return None if (role.get("rules") or []) == rules else {**role, "rules": rules}

        await self._machine.records.change(self._definition, "", name, work)
