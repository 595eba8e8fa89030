"""/stats/summary and /metrics/resource: what node, pods and containers use, as the runtime and /proc measure it.

Source: k8s.io/kubelet/pkg/apis/stats/v1alpha1 (the JSON), KEP-727 (the metrics, which metrics-server reads).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

import msgspec
from cri_api.v1 import api_pb2 as cri

from hythe.kube.kubelet.api.exchange import Exchange
from hythe.kube.kubelet.api.metrics import metrics
from hythe.kube.kubelet.config import Settings
from hythe.kube.kubelet.cri.client import Runtime
from hythe.kube.kubelet.lifecycle.worker import Worker
from hythe.kube.kubelet.node import machine
from hythe.kube.kubelet.pods import names
from hythe.kube.kubelet.status.times import stamp
from hythe.kube.objects.types import Object

METRICS = "text/plain; version=0.0.4; charset=utf-8"


class Stats:
    """The handlers. `begun`: when the kubelet was started, in nanoseconds."""

    def __init__(
        self, settings: Settings, runtime: Runtime, workers: Mapping[str, Worker], begun: int
    ) -> None:
        self._settings = settings
        self._runtime = runtime
        self._workers = workers
        self._begun = begun

    async def summary(self, exchange: Exchange, path: list[str]) -> None:
        by_pod = await self._by_pod()
        body = {"node": self._node(), "pods": [self._pod(uid, some) for uid, some in by_pod.items()]}
        await exchange.answer(msgspec.json.encode(body), "application/json")

    async def resource(self, exchange: Exchange, path: list[str]) -> None:
        text = metrics(self._node(), [self._pod(uid, some) for uid, some in (await self._by_pod()).items()])
        await exchange.answer(text.encode(), METRICS)

    async def _by_pod(self) -> dict[str, list[cri.ContainerStats]]:
        found: dict[str, list[cri.ContainerStats]] = {}
        for one in await self._runtime.container_stats():
            uid = one.attributes.labels.get(names.POD_UID, "")
            if uid in self._workers:
                found.setdefault(uid, []).append(one)
        return found

    def _pod(self, uid: str, some: Iterable[cri.ContainerStats]) -> Object:
        worker = self._workers[uid]
        containers = [_container(one, worker) for one in some]
        reference = {"name": names.name(worker.pod), "namespace": names.namespace(worker.pod), "uid": uid}
        now = stamp(time.time_ns())
        return {
            "podRef": reference,
            "startTime": worker.status.get("startTime", now),
            "containers": containers,
            "cpu": {
                "time": now,
                "usageNanoCores": sum(one["cpu"].get("usageNanoCores", 0) for one in containers),
                "usageCoreNanoSeconds": sum(one["cpu"]["usageCoreNanoSeconds"] for one in containers),
            },
            "memory": {
                "time": now,
                "usageBytes": sum(one["memory"]["usageBytes"] for one in containers),
                "workingSetBytes": sum(one["memory"]["workingSetBytes"] for one in containers),
            },
        }

    def _node(self) -> Object:
        now = stamp(time.time_ns())
        memory = machine.memory()
        whole, left = machine.disk(self._settings.root)
        used = memory.get("MemTotal", 0) - memory.get("MemAvailable", 0)
        limit, there = machine.pid_limit()
        return {
            "nodeName": self._settings.node_name,
            "startTime": stamp(self._begun),
            "cpu": {"time": now, "usageCoreNanoSeconds": machine.busy_nanoseconds()},
            "memory": {
                "time": now,
                "availableBytes": memory.get("MemAvailable", 0),
                "usageBytes": memory.get("MemTotal", 0) - memory.get("MemFree", 0),
                "workingSetBytes": used,
            },
            "fs": {"time": now, "availableBytes": left, "capacityBytes": whole, "usedBytes": whole - left},
            "rlimit": {"time": now, "maxpid": limit, "curproc": there},
        }


def _container(one: cri.ContainerStats, worker: Worker) -> Object:
    cpu: Object = {
        "time": stamp(one.cpu.timestamp),
        "usageCoreNanoSeconds": one.cpu.usage_core_nano_seconds.value,
    }
    if one.cpu.HasField("usage_nano_cores"):
        cpu["usageNanoCores"] = one.cpu.usage_nano_cores.value
    memory = one.memory
    record = next((each for each in worker.seen.containers if each.id == one.attributes.id), None)
    return {
        "name": one.attributes.labels.get(names.CONTAINER_NAME, one.attributes.metadata.name),
        "startTime": stamp(record.started_at if record else 0),
        "cpu": cpu,
        "memory": {
            "time": stamp(memory.timestamp),
            "usageBytes": memory.usage_bytes.value or memory.working_set_bytes.value,
            "workingSetBytes": memory.working_set_bytes.value,
            "rssBytes": memory.rss_bytes.value,
        },
        "rootfs": {
            "time": stamp(one.writable_layer.timestamp),
            "usedBytes": one.writable_layer.used_bytes.value,
        },
    }
