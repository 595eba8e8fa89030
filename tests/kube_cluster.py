"""Controllers at work on an API server in memory, with a pretended kubelet: pods run, become ready and end by a clock.

async with Pretended(DeploymentController, ReplicaSetController) as cluster:
    cluster.api.put(...); await cluster.pass_time(30)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from hythe.kube.client.clock import parse, timestamp
from hythe.kube.client.resources import DEPLOYMENTS, PODS, Resource
from hythe.kube.client.shared import SharedInformers
from hythe.kube.controllers.controller import Context, Controller
from hythe.kube.objects.types import Object
from tests.kube_double import FakeClock, memory_client

STEP = 1.0


class Pretended:
    """`starts`: seconds until a pod is ready, or None for one that never is; `ends`: seconds for its termination."""

    def __init__(self, *kinds: type[Controller]) -> None:
        self.clock = FakeClock()
        self.api, self.client = memory_client(self.clock)
        self.starts: Callable[[Object], float | None] = lambda _pod: 2.0
        self.ends = 2.0
        self.nodes = ["n1", "n2"]
        self.after_step: Callable[[], None] = lambda: None
        self._kinds = kinds
        self.informers = SharedInformers(self.client, clock=self.clock)
        self.controllers: list[Controller] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        context = Context(self.client, self.informers, self.clock)
        self.controllers = [kind(context) for kind in self._kinds]
        self.informers.start()
        self._tasks = [asyncio.create_task(each.run()) for each in self.controllers]
        await self.clock.advance(0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.informers.stop()

    async def pass_time(self, seconds: float) -> None:
        """In steps of one second, the kubelets at work in each."""
        for _ in range(int(seconds / STEP)):
            await self.clock.advance(STEP)
            self.kubelets()
            await self.clock.advance(0)
            self.after_step()

    def kubelets(self) -> None:
        for index, pod in enumerate(self.api.all(PODS)):
            meta = pod["metadata"]
            if meta.get("deletionTimestamp"):
                if self._since(meta["deletionTimestamp"]) >= self.ends:
                    self._end(pod)
                continue
            if not pod["spec"].get("nodeName"):
                pod["spec"]["nodeName"] = self.nodes[index % len(self.nodes)]
                pod["status"] = {"phase": "Pending"}
                self.api.put(PODS, pod)
                continue
            starts, age = self.starts(pod), self._since(meta["creationTimestamp"])
            if pod["status"]["phase"] == "Pending" and starts is not None and age >= starts:
                self.api.put(PODS, running(pod, timestamp(self.clock.now())))

    def _end(self, pod: Object) -> None:
        """As a kubelet does: the end is reported, then the pod goes, unless a finalizer keeps it."""
        meta = pod["metadata"]
        if not meta.get("finalizers"):
            self.api.remove(PODS, meta["name"], meta["namespace"])
        elif (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed"):
            self.api.put(PODS, {**pod, "status": {"phase": "Failed"}})

    def pods(self, **labels: str) -> list[Object]:
        return [
            pod for pod in self.api.all(PODS)
            if all((pod["metadata"].get("labels") or {}).get(name) == value for name, value in labels.items())
        ]  # fmt: skip

    async def change(self, resource: Resource, name: str, patch: Any, namespace: str = "shop") -> Object:
        return await self.client.patch(resource, name, patch, namespace)

    def _since(self, text: str) -> float:
        moment = parse(text)
        assert moment is not None
        return (self.clock.now() - moment).total_seconds()


def running(pod: Object, at: str) -> Object:
    """The pod as a kubelet reports it when it is ready."""
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": at}
    status = {**(pod.get("status") or {}), "phase": "Running", "conditions": [ready], "podIP": "10.0.0.9"}
    return {**pod, "status": status}


def is_ready(pod: Object) -> bool:
    return any(
        each["type"] == "Ready" and each["status"] == "True"
        for each in (pod.get("status") or {}).get("conditions") or ()
    )


def template(version: str = "1", **labels: str) -> Object:
    return {
        "metadata": {"labels": labels or {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": f"web:{version}"}]},
    }


def deployment(replicas: int = 3, version: str = "1", **spec: Any) -> Object:
    """shop/web."""
    wanted = {
        "replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template(version), **spec,
    }  # fmt: skip
    return {
        "apiVersion": DEPLOYMENTS.api_version, "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"}, "spec": wanted,
    }  # fmt: skip
