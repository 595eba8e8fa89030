"""Which path leads where, and the small ones: /healthz, /pods."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hythe.kube.client.client import Client
from hythe.kube.kubelet.api.exchange import Exchange
from hythe.kube.kubelet.api.finding import Finder
from hythe.kube.kubelet.api.logs import Logs
from hythe.kube.kubelet.api.permission import Permission
from hythe.kube.kubelet.api.server import Handler, Server
from hythe.kube.kubelet.api.stats import Stats
from hythe.kube.kubelet.api.streams import Streams
from hythe.kube.kubelet.config import Settings
from hythe.kube.kubelet.cri.client import Runtime
from hythe.kube.kubelet.lifecycle.worker import Worker


def new_server(
    settings: Settings, client: Client, runtime: Runtime, workers: Mapping[str, Worker], begun: int
) -> Server:
    """Not started. `workers` is looked at anew for each request."""
    finder = Finder(workers)
    streams = Streams(finder, runtime)
    stats = Stats(settings, runtime, workers, begun)

    async def pods(exchange: Exchange, path: list[str]) -> None:
        items = [{**one.pod, "status": one.status} for one in list(workers.values()) if "spec" in one.pod]
        body = {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items}
        await exchange.answer(msgspec.json.encode(body), "application/json")

    async def health(exchange: Exchange, path: list[str]) -> None:
        await exchange.answer(b"ok")

    routes: dict[str, Handler] = {
        "healthz": health,
        "pods": pods,
        "containerLogs": Logs(finder),
        "exec": streams.exec,
        "attach": streams.attach,
        "portForward": streams.port_forward,
        "run": streams.run,
        "stats/summary": stats.summary,
        "metrics/resource": stats.resource,
    }
    return Server(routes, Permission(client, settings.node_name))
