"""A kubelet in the test's own event loop, on a real runtime and an API server in memory; and pods to give it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from hythe.base.ids import new_id
from hythe.kernel.cgroups.trees import remove_everywhere
from hythe.kube.client.client import Client
from hythe.kube.client.resources import EVENTS, PODS
from hythe.kube.kubelet.config import Backoff, Settings, Timings
from hythe.kube.kubelet.cri.client import Runtime
from hythe.kube.kubelet.kubelet import Kubelet
from hythe.kube.kubelet.lifecycle.worker import Worker
from hythe.kube.objects.types import Object
from tests.kube_double import FakeClock, MemoryApi, memory_client
from tests.system.kube.containerd import BUSYBOX
from tests.waiting import PATIENCE

NODE = "here"
QUICK = Timings(
    restart=Backoff(1.0, 8.0),
    image=Backoff(1.0, 8.0),
    relist=0.2,
    volume_retry=Backoff(0.2, 2.0),
    volume_complaint=2.0,
)


@dataclass
class World:
    """One node. `cri` is the runtime's address."""

    cri: str
    root: Path
    api: MemoryApi
    client: Client
    group: str
    timings: Timings = QUICK
    changes: dict[str, Any] = field(default_factory=dict)
    kubelet: Kubelet | None = None
    _task: asyncio.Task[None] | None = None
    _runtime: Runtime | None = None

    async def start(self) -> None:
        """The kubelet, until `stop`."""
        settings = Settings(
            node_name=NODE,
            cri=self.cri,
            root=self.root / "kubelet",
            pod_logs=self.root / "logs",
            port=0,
            node_ips=("10.88.0.1",),
            pod_cidr="10.88.0.0/16",
            cluster_dns=("10.96.0.10",),
            cgroup_root=self.group,
            timings=self.timings,
            **self.changes,
        )
        self.kubelet = Kubelet(settings, self.client)
        self._task = asyncio.ensure_future(self.kubelet.run())
        ready = asyncio.ensure_future(self.kubelet.ready.wait())
        await asyncio.wait([ready, self._task], return_when=asyncio.FIRST_COMPLETED, timeout=30 * PATIENCE)
        if self._task.done():
            await self._task
        assert ready.done(), "the kubelet does not get ready"

    @property
    def runs(self) -> bool:
        return self._task is not None and not self._task.done()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self._runtime is not None:
            await self._runtime.close()
            self._runtime = None

    def workers(self) -> list[Worker]:
        assert self.kubelet is not None
        return list(self.kubelet.loop.workers.values())

    def runtime(self) -> Runtime:
        """A connection of the test's own."""
        self._runtime = self._runtime or Runtime(self.cri)
        return self._runtime

    @property
    def runtime_name(self) -> str:
        return "containerd" if "containerd" in self.cri else "hythe"

    async def get(self, path: str) -> tuple[int, str]:
        """From the kubelet's own API: status and body."""
        assert self.kubelet is not None
        url = f"http://127.0.0.1:{self.kubelet.node.port}{path}"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status, await answer.text()

    async def log(self, pod: str, name: str, query: str = "") -> str:
        status, text = await self.get(f"/containerLogs/default/{pod}/{name}?{query}")
        assert status == 200, text
        return text

    async def said(self, pod: str, name: str, query: str = "", seconds: float = 10) -> str:
        """Its log, once there is something in it."""
        end = time.monotonic() + seconds * PATIENCE
        while not (text := await self.log(pod, name, query)):
            assert time.monotonic() < end, f"{pod}/{name} says nothing"
            await asyncio.sleep(0.02)
        return text

    def put(self, pod: Object) -> None:
        self.api.put(PODS, pod)

    def pod(self, name: str, namespace: str = "default") -> Object:
        found = self.api.get(PODS, name, namespace)
        assert found is not None, f"there is no pod {name}"
        return found

    def status(self, name: str) -> Object:
        found: Object = self.pod(name).get("status") or {}
        return found

    def events(self, name: str, reason: str = "") -> list[Object]:
        """Of the pod, oldest first."""
        return [
            one
            for one in self.api.all(EVENTS)
            if one["involvedObject"]["name"] == name and reason in ("", one["reason"])
        ]

    async def until(
        self, condition: Callable[[], Any], seconds: float = 20, what: Callable[[], Any] = lambda: ""
    ) -> Any:
        """The first true answer; the event loop goes on meanwhile."""
        end = time.monotonic() + seconds * PATIENCE
        while not (answer := condition()):
            assert time.monotonic() < end, f"did not come true in {seconds} s; {what()!r}"
            await asyncio.sleep(0.01)
        return answer

    async def phase(self, name: str, phase: str, seconds: float = 20) -> Object:
        def now() -> bool:
            return bool(self.status(name).get("phase") == phase)

        await self.until(now, seconds, lambda: self.api.get(PODS, name, "default"))
        return self.status(name)

    async def ready(self, name: str, seconds: float = 20) -> Object:
        def now() -> bool:
            found = self.status(name).get("conditions") or []
            return any(one["type"] == "Ready" and one["status"] == "True" for one in found)

        await self.until(now, seconds, lambda: self.api.get(PODS, name, "default"))
        return self.status(name)

    async def delete(self, name: str, grace: int | None = None, seconds: float = 30) -> float:
        """Until it is gone from the API server; how long that took."""
        begun = time.monotonic()
        await self.client.delete(PODS, name, "default", grace=grace)
        await self.until(
            lambda: self.api.get(PODS, name, "default") is None,
            seconds,
            lambda: self.api.get(PODS, name, "default"),
        )
        return time.monotonic() - begun


@asynccontextmanager
async def a_node(cri: str, root: Path, **changes: Any) -> AsyncIterator[World]:
    """A kubelet that runs; all pods and their groups are gone afterwards."""
    api, client = memory_client(FakeClock())
    group = f"/kubelet-test-{new_id()[:8]}"
    timings = changes.pop("timings", QUICK)
    world = World(cri, root, api, client, group, timings, changes)
    try:
        await world.start()
        yield world
    finally:
        try:
            await _clear(world)
        finally:
            await world.stop()
            remove_everywhere(group)


async def _clear(world: World) -> None:
    """No pod is wanted any more: until all are gone."""
    for pod in world.api.all(PODS):
        world.api.remove(PODS, pod["metadata"]["name"], pod["metadata"]["namespace"])
    if world.kubelet is not None and world.runs:
        workers = world.kubelet.loop.workers
        await world.until(lambda: not workers, 30, lambda: list(workers))


def a_pod(name: str, *commands: str, image: str = BUSYBOX, **spec: Any) -> Object:
    """A pod with a container for each shell command, named c0, c1, ..."""
    containers = spec.pop("containers", None) or [
        container(f"c{index}", command, image=image) for index, command in enumerate(commands)
    ]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "default",
            "uid": f"{name}-{new_id()[:12]}",
            "labels": spec.pop("labels", {"app": name}),
            "annotations": spec.pop("annotations", {}),
        },
        "spec": {
            "nodeName": NODE,
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 2,
            "containers": containers,
            **spec,
        },
        "status": {"phase": "Pending", "qosClass": "BestEffort"},
    }


def container(name: str, command: str, *, image: str = BUSYBOX, **more: Any) -> Object:
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", command],
        **more,
    }


FOREVER = "trap 'exit 0' TERM; while :; do sleep 0.1; done"
