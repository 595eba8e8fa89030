"""A control plane of one's own for a test: API server, controllers and scheduler in this process, on pretended nodes.

    async with ControlPlane(folder) as plane:
        await plane.add_nodes(3)
        plane.kubectl("create", "deployment", ...)      in a thread, so that the server can answer it

The nodes are objects without a machine. A pretended kubelet renews them, reports pods as running after `starts` seconds
(never, if that is None), those of Jobs as ended, and deletes what is to be deleted after `ends` seconds.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType

from hythe.errors import HytheError
from hythe.kube.apiserver.auth.kubeconfig import kubeconfig, write_kubeconfig
from hythe.kube.apiserver.config import Config
from hythe.kube.apiserver.server import ApiServer
from hythe.kube.client.cache import key_of
from hythe.kube.client.client import Client
from hythe.kube.client.clock import SystemClock, timestamp
from hythe.kube.client.informer import Handler
from hythe.kube.client.resources import NODES, PODS
from hythe.kube.client.shared import SharedInformers
from hythe.kube.controllers.controller import Options
from hythe.kube.controllers.manager import ALL, ControllerManager
from hythe.kube.objects.types import Object
from hythe.kube.scheduler.scheduler import Scheduler
from hythe.kube.store.datastore import open_store
from tests.waiting import PATIENCE

ALLOCATABLE = {"cpu": "16", "memory": "64Gi", "pods": "110"}


class ControlPlane:
    """`node_grace`: seconds that a node may be silent."""

    def __init__(
        self, folder: Path, *, node_grace: float = 50.0, controllers: tuple[str, ...] = tuple(ALL)
    ) -> None:
        self.folder = folder
        self.starts: Callable[[Object], float | None] = lambda _pod: 0.05
        self.ends = 0.05
        self.silent: set[str] = set()
        """Nodes whose kubelet says and does nothing."""
        self._grace, self._names = node_grace, controllers
        self._stack = AsyncExitStack()
        self._tasks: set[asyncio.Task[None]] = set()
        self._seen: set[tuple[str, str]] = set()

    async def __aenter__(self) -> ControlPlane:
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        config = Config(self.folder, port=0)
        store = await open_store(f"sqlite://{self.folder / 'store.db'}")
        self._stack.push_async_callback(store.close)
        server = ApiServer(config, store)
        await server.start()
        self._stack.push_async_callback(server.stop)
        self._kubeconfig = self.folder / "admin.kubeconfig"
        authority = server.pki.ca_file.read_bytes()
        url = f"https://127.0.0.1:{server.port}"
        write_kubeconfig(self._kubeconfig, kubeconfig(url, authority, server.pki.pair("admin")))
        self.client = Client.on_socket(config.socket)
        self._stack.callback(self.client.close)
        self.informers = SharedInformers(self.client)
        self._stack.push_async_callback(self.informers.stop)
        options = Options(authority=authority.decode(), node_grace=self._grace)
        manager = ControllerManager(self.client, self.informers, options, names=self._names)
        self.informers.of(PODS).add_handler(Handler(self._pod, lambda _before, now: self._pod(now)))
        self._stack.push_async_callback(self._end)
        self.begin(manager.run())
        self.begin(Scheduler(self.client, self.informers).run())

    def begin(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _end(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def add_nodes(self, count: int, **allocatable: str) -> None:
        for number in range(count):
            name = f"n{number}"
            labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": f"z{number % 2}"}
            status = {
                "allocatable": {**ALLOCATABLE, **allocatable},
                "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
            }
            await self.client.create(NODES, {"metadata": {"name": name, "labels": labels}, "status": status})
        self.begin(self._heartbeats(count))

    async def _heartbeats(self, count: int) -> None:
        while True:
            await asyncio.sleep(max(0.2, self._grace / 4))
            for name in {f"n{number}" for number in range(count)} - self.silent:
                at = timestamp(SystemClock().now())
                ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": at}
                try:
                    await self.client.patch(
                        NODES, name, {"status": {"conditions": [ready]}}, subresource="status"
                    )
                except HytheError:
                    continue

    def _pod(self, pod: Object) -> None:
        node = pod["spec"].get("nodeName")
        ending = bool(pod["metadata"].get("deletionTimestamp"))
        step = (pod["metadata"]["uid"], "end" if ending else "start")
        if not node or node in self.silent or step in self._seen:
            return
        self._seen.add(step)
        self.begin(self._finish(pod) if ending else self._run(pod))

    async def _run(self, pod: Object) -> None:
        wait = self.starts(pod)
        if wait is None:
            return
        await asyncio.sleep(wait)
        now = timestamp(SystemClock().now())
        kinds = ("Ready", "ContainersReady", "Initialized", "PodScheduled")
        address = f"10.{random.randrange(1, 250)}.{random.randrange(250)}.{random.randrange(1, 250)}"
        status: Object = {
            "phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "startTime": now,
            "conditions": [{"type": kind, "status": "True", "lastTransitionTime": now} for kind in kinds],
        }  # fmt: skip
        if "job-name" in (pod["metadata"].get("labels") or {}):
            status = {"phase": "Succeeded", "startTime": now}
        await self._report(pod, status)

    async def _finish(self, pod: Object) -> None:
        meta = pod["metadata"]
        await asyncio.sleep(self.ends)
        if (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed"):
            await self._report(pod, {"phase": "Failed"})
        try:
            await self.client.delete(PODS, meta["name"], meta["namespace"], uid=meta["uid"], grace=0)
        except HytheError:
            return

    async def _report(self, pod: Object, status: Object) -> None:
        meta = pod["metadata"]
        try:
            await self.client.patch(
                PODS, meta["name"], {"status": status}, meta["namespace"], subresource="status"
            )
        except HytheError:
            return

    async def kubectl(self, *words: str, fails: bool = False) -> str:
        """Its output; both streams, if it is to fail."""
        program = shutil.which("kubectl")
        assert program, "kubectl is not installed"
        process = await asyncio.create_subprocess_exec(
            program, *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "KUBECONFIG": str(self._kubeconfig)},
        )  # fmt: skip
        try:
            async with asyncio.timeout(60 * PATIENCE):
                out, error = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise
        assert bool(process.returncode) == fails, f"{words}: {process.returncode} {out!r} {error!r}"
        return (out + error if fails else out).decode()

    async def until(self, condition: Callable[[], object], seconds: float = 15, what: str = "it") -> None:
        """Wait for something that the informers or the test's own variables show."""
        deadline = time.monotonic() + seconds * PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"{what} did not come true in {seconds} s"
            await asyncio.sleep(0.03)

    def pods(self, **labels: str) -> list[Object]:
        """As the informers know them."""
        return [
            pod for pod in self.informers.of(PODS).cache.all()
            if all((pod["metadata"].get("labels") or {}).get(name) == value for name, value in labels.items())
        ]  # fmt: skip


def names(bodies: list[Object]) -> list[str]:
    return sorted(key_of(body) for body in bodies)
