"""The kubelet put together: one object, started and stopped as a whole. Pods run on when it stops.

Start: the runtime must answer, the Node is registered, the runtime is told its pod addresses; then pods are followed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from hythe.kube.client.client import Client
from hythe.kube.client.informer import Informer
from hythe.kube.client.recorder import Recorder
from hythe.kube.client.resources import SERVICES
from hythe.kube.kubelet.api import routes
from hythe.kube.kubelet.api.server import Certificates
from hythe.kube.kubelet.backoff import Delays
from hythe.kube.kubelet.config import Settings
from hythe.kube.kubelet.cri.client import CriError, Runtime
from hythe.kube.kubelet.cri.watch import Watch
from hythe.kube.kubelet.env.fields import Place
from hythe.kube.kubelet.images.puller import Puller
from hythe.kube.kubelet.lifecycle.housekeeping import Housekeeping
from hythe.kube.kubelet.lifecycle.shared import Machine, Shared
from hythe.kube.kubelet.loop import Loop
from hythe.kube.kubelet.node import machine
from hythe.kube.kubelet.node.capacity import allocatable, capacity
from hythe.kube.kubelet.node.registration import Node
from hythe.kube.kubelet.pods import names
from hythe.kube.kubelet.pods.dns import parse_resolv_conf
from hythe.kube.kubelet.pods.groups import PodGroups
from hythe.kube.kubelet.pods.quantities import amount
from hythe.kube.kubelet.probes.manager import Probes
from hythe.kube.kubelet.status.publisher import Publisher
from hythe.kube.kubelet.volumes.manager import Volumes
from hythe.kube.kubelet.volumes.sources import References
from hythe.kube.objects.types import Object

log = logging.getLogger("hythe.kubelet")


class Kubelet:
    """One node's. `run` until cancelled; `ready` is set once pods are being made."""

    def __init__(self, settings: Settings, client: Client, now: Callable[[], int] = time.time_ns) -> None:
        self._settings = settings
        self._client = client
        self._now = now
        self.ready = asyncio.Event()
        self._runtime = Runtime(settings.cri, settings.timings.request)
        self._recorder = Recorder(client, "kubelet", host=settings.node_name)
        self._ips = tuple(settings.node_ips) or (machine.default_address(),)
        self._whole = capacity(settings)
        self._free = allocatable(self._whole, settings.reserved)
        self._services = Informer(client, SERVICES)
        self.node = Node(settings, client, self._runtime, self._recorder, self._whole, self._free, now)
        self._loop: Loop | None = None

    @property
    def loop(self) -> Loop:
        assert self._loop is not None, "not started"
        return self._loop

    async def run(self) -> None:
        """Until cancelled. Raises CriError where the runtime does not answer."""
        try:
            await self._start()
        finally:
            await self._runtime.close()

    async def _start(self) -> None:
        version = await self._runtime.version()
        if self._settings.pod_cidr:
            await self._runtime.set_pod_cidr(self._settings.pod_cidr)
        shared = self._shared(version.runtime_name)
        self._loop = Loop(shared)
        watch = Watch(self._runtime, self._loop.found, self._settings.timings.relist)
        files = self._settings.certificates
        server = routes.new_server(
            self._settings, self._client, self._runtime, self._loop.workers, self._now()
        )
        await server.start(
            self._settings.address, self._settings.port, Certificates(*files) if files else None
        )
        self.node.port = server.port
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._recorder.run())
                body = await self.node.register(self._ips)
                shared.machine.labels.update(body["metadata"].get("labels") or {})
                tasks.create_task(self.node.run())
                tasks.create_task(self._services.run())
                await self._services.synced()
                tasks.create_task(self._loop.run())
                tasks.create_task(self._clean(watch))
                tasks.create_task(watch.run())
                tasks.create_task(Housekeeping(shared, self._loop.workers).run())
                self.ready.set()
        finally:
            await server.close()
            await shared.probes.close()
            await shared.publisher.close()
            await shared.references.close()

    async def _clean(self, watch: Watch) -> None:
        """Once, when it is known which pods there are: what is left of others."""
        await self.loop.informer.synced()
        try:
            present = await watch.compare()
        except CriError as error:
            log.info("cannot look for what is left: %s", error)
            return
        await self.loop.sweep(present)

    def _shared(self, runtime_name: str) -> Shared:
        settings, client = self._settings, self._client
        with_resolver = settings.resolv_conf.read_text() if settings.resolv_conf.exists() else ""
        facts = Machine(
            self._ips, int(amount(self._whole["memory"])), self._free, parse_resolv_conf(with_resolver)
        )
        references = References(client, lambda uid: self.loop.sources_changed(uid))
        return Shared(
            settings=settings,
            client=client,
            runtime=self._runtime,
            runtime_name=runtime_name,
            recorder=self._recorder,
            publisher=Publisher(client),
            puller=Puller(self._runtime, settings.timings.image),
            probes=Probes(self._runtime),
            volumes=Volumes(settings.pods, client, references, self._place),
            references=references,
            groups=PodGroups(settings.cgroup_root),
            machine=facts,
            services=self._services.cache.all,
            restarts=Delays(settings.timings.restart),
            now=self._now,
        )

    def _place(self, pod: Object) -> Place:
        worker = self.loop.workers.get(names.uid(pod))
        known = (worker.status if worker else pod.get("status") or {}).get("podIPs") or []
        return Place(tuple(one["ip"] for one in known), self._ips, self._free)
