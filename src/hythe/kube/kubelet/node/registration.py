"""This node at the API server: registered at the start, its status kept true, its lease renewed every 10 s.

The status is looked at every 10 s and sent when something has changed, or after 5 minutes; the lease is what says in
between that the node lives. A node whose object was deleted registers again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from hythe.errors import HytheError
from hythe.kube.client.client import STRATEGIC_PATCH, Client
from hythe.kube.client.recorder import Recorder
from hythe.kube.client.resources import LEASES, NODES
from hythe.kube.kubelet.config import Settings
from hythe.kube.kubelet.cri.client import CriError, Runtime
from hythe.kube.kubelet.node import object as node_object
from hythe.kube.kubelet.status.times import SECOND, micro, stamp
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import Object

log = logging.getLogger("hythe.kubelet")

LEASE_NAMESPACE = "kube-node-lease"
LEASE_SECONDS = 40
_HAPPENED = {
    ("MemoryPressure", "False"): "NodeHasSufficientMemory",
    ("MemoryPressure", "True"): "NodeHasInsufficientMemory",
    ("DiskPressure", "False"): "NodeHasNoDiskPressure",
    ("DiskPressure", "True"): "NodeHasDiskPressure",
    ("PIDPressure", "False"): "NodeHasSufficientPID",
    ("PIDPressure", "True"): "NodeHasInsufficientPID",
    ("Ready", "True"): "NodeReady",
    ("Ready", "False"): "NodeNotReady",
}


class Node:
    """`port` is where the kubelet's own API listens."""

    def __init__(
        self,
        settings: Settings,
        client: Client,
        runtime: Runtime,
        recorder: Recorder,
        whole: dict[str, str],
        free: dict[str, str],
        now: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._client = client
        self._runtime = runtime
        self._recorder = recorder
        self._whole, self._free = whole, free
        self._now = now
        self.port = settings.port
        self.body: Object = {}
        self._status: Object = {}
        self._sent = 0
        self._images: list[object] = []
        self._runtime_version = ""

    async def register(self, ips: tuple[str, ...]) -> Object:
        """Make the Node, or take over the one of that name; with its status. Raises ApiError, Unavailable."""
        self._ips = ips
        name = self._settings.node_name
        wanted = node_object.new_node(self._settings)
        first = await self._measure()
        if not self._sent:
            self._tell("Normal", "Starting", "Starting kubelet.")
        try:
            self.body = await self._client.create(NODES, {**wanted, "status": first})
            self._tell_changes([], first["conditions"])
        except ApiError as error:
            if error.code != 409:
                raise
            labels = {"metadata": {"labels": wanted["metadata"]["labels"]}}
            self.body = await self._client.patch(NODES, name, labels, kind=STRATEGIC_PATCH)
        self._status = dict(self.body.get("status") or {})
        await self.report()
        return self.body

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._repeat(self.renew, self._settings.timings.lease))
            tasks.create_task(self._repeat(self.report, self._settings.timings.node_status))

    async def _repeat(self, call: Callable[[], object], every: float) -> None:
        pause = 0.0
        while True:
            try:
                await call()  # type: ignore[misc]
                pause = every
            except HytheError as error:
                log.info("node %s: %s", self._settings.node_name, error)
                pause = min(max(pause if pause < every else 0.0, 0.2) * 2, every)
            await asyncio.sleep(pause)

    async def report(self) -> None:
        """Send the status, if it differs or is due."""
        status = await self._measure()
        due = self._now() - self._sent > self._settings.timings.node_status_report * SECOND
        if not due and _without_times(status) == _without_times(self._status):
            return
        try:
            body = {"metadata": {"name": self._settings.node_name}, "status": _patch(self._status, status)}
            self.body = await self._client.patch(
                NODES, self._settings.node_name, body, kind=STRATEGIC_PATCH, subresource="status"
            )
        except ApiError as error:
            if error.code != 404:
                raise
            self._sent = 0
            await self.register(self._ips)
            return
        self._tell_changes(self._status.get("conditions") or [], status["conditions"])
        self._status, self._sent = status, self._now()

    async def renew(self) -> None:
        """The lease in kube-node-lease, owned by the Node."""
        name = self._settings.node_name
        try:
            body = {"spec": {"renewTime": micro(self._now()), "holderIdentity": name}}
            await self._client.patch(LEASES, name, body, LEASE_NAMESPACE)
        except ApiError as error:
            if error.code != 404:
                raise
            await self._client.create(LEASES, self._lease(), LEASE_NAMESPACE)

    def _lease(self) -> Object:
        name = self._settings.node_name
        owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": self.body["metadata"]["uid"]}
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": name, "namespace": LEASE_NAMESPACE, "ownerReferences": [owner]},
            "spec": {
                "holderIdentity": name, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": micro(self._now()),
            },
        }  # fmt: skip

    async def _measure(self) -> Object:
        report = await self._ask()
        return node_object.status(
            self._settings,
            self.port,
            self._ips,
            self._whole,
            self._free,
            report,
            self._status.get("conditions") or [],
            stamp(self._now()),
        )

    async def _ask(self) -> node_object.Report:
        try:
            if not self._runtime_version:
                version = await self._runtime.version()
                self._runtime_version = f"{version.runtime_name}://{version.runtime_version}"
            conditions = await self._runtime.conditions()
            images = await self._runtime.images()
        except CriError as error:
            return node_object.Report(
                self._runtime_version, [f"container runtime is down: {error.message}"], []
            )
        return node_object.Report(
            self._runtime_version,
            [
                f"container runtime network not ready: NetworkReady=false reason:{one.reason} message:{one.message}"
                if one.type == "NetworkReady"
                else f"container runtime status check may not have completed yet: {one.reason} {one.message}"
                for one in conditions
                if not one.status
            ],
            images,
        )

    def _tell_changes(self, old: list[Object], new: list[Object]) -> None:
        before = {one["type"]: one["status"] for one in old}
        for one in new:
            if before.get(one["type"]) != one["status"]:
                reason = _HAPPENED[one["type"], one["status"]]
                self._tell("Normal", reason, f"Node {self._settings.node_name} status is now: {reason}")

    def _tell(self, kind: str, reason: str, message: str) -> None:
        """Events of nodes are by name alone: the uid is the name, as in Kubernetes."""
        name = self._settings.node_name
        about = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "uid": name}}
        self._recorder.event(about, kind, reason, message)


def _without_times(status: Object) -> Object:
    plain = [
        {key: value for key, value in one.items() if not key.startswith("last")}
        for one in status.get("conditions") or []
    ]
    return {**status, "conditions": plain}


def _patch(old: Object, new: Object) -> Object:
    """Lists merged by a key are replaced as a whole, but for conditions, of which others may have their own."""
    changes: Object = {key: value for key, value in new.items() if old.get(key) != value}
    if "addresses" in changes and old.get("addresses"):
        changes["addresses"] = [*changes["addresses"], {"$patch": "replace"}]
    return changes
