"""All controllers in one process, on shared informers.

    informers = SharedInformers(client)
    await ControllerManager(client, informers).run()      until cancelled

Where several servers run, give `run` to an `election.Elector`: only one manager may be at work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

from hythe.kube.client.client import Client
from hythe.kube.client.clock import Clock, SystemClock
from hythe.kube.client.shared import SharedInformers
from hythe.kube.controllers.controller import Context, Controller, Options
from hythe.kube.controllers.cronjob.controller import CronJobController
from hythe.kube.controllers.daemonset.controller import DaemonSetController
from hythe.kube.controllers.deployment.controller import DeploymentController
from hythe.kube.controllers.disruption.controller import DisruptionController
from hythe.kube.controllers.endpoints.controller import EndpointsController, EndpointSliceController
from hythe.kube.controllers.endpoints.mirroring import EndpointSliceMirroringController
from hythe.kube.controllers.garbage.controller import GarbageCollector
from hythe.kube.controllers.job.controller import JobController
from hythe.kube.controllers.job.ttl import TtlAfterFinishedController
from hythe.kube.controllers.loadbalancer.controller import LoadBalancerController
from hythe.kube.controllers.namespace.controller import NamespaceController
from hythe.kube.controllers.node.eviction import TaintEvictionController
from hythe.kube.controllers.node.lifecycle import NodeLifecycleController
from hythe.kube.controllers.node.ttl import NodeTtlController
from hythe.kube.controllers.podgc.controller import PodGarbageCollector
from hythe.kube.controllers.quota.controller import ResourceQuotaController
from hythe.kube.controllers.replicaset.controller import (
    ReplicaSetController,
    ReplicationControllerController,
)
from hythe.kube.controllers.serviceaccount.controller import (
    RootCertificateController,
    ServiceAccountController,
)
from hythe.kube.controllers.statefulset.controller import StatefulSetController
from hythe.kube.controllers.volume.controller import PersistentVolumeController

ALL: Final[Mapping[str, type[Controller]]] = {
    each.name: each
    for each in (
        DeploymentController,
        ReplicaSetController,
        ReplicationControllerController,
        EndpointSliceController,
        EndpointsController,
        NamespaceController,
        GarbageCollector,
        ServiceAccountController,
        RootCertificateController,
        JobController,
        TtlAfterFinishedController,
        NodeLifecycleController,
        TaintEvictionController,
        NodeTtlController,
        PodGarbageCollector,
        DisruptionController,
        ResourceQuotaController,
        StatefulSetController,
        DaemonSetController,
        CronJobController,
        EndpointSliceMirroringController,
        PersistentVolumeController,
        LoadBalancerController,
    )
}
"""By the names that kube-controller-manager gives them."""


class ControllerManager:
    """The informers may be shared with others, who start and stop them too: starting twice does nothing."""

    def __init__(
        self, client: Client, informers: SharedInformers, options: Options | None = None, *,
        names: Iterable[str] = ALL, clock: Clock | None = None,
    ) -> None:  # fmt: skip
        """`names`: which controllers run; all, if nothing is said."""
        context = Context(client, informers, clock or SystemClock(), options or Options())
        self.controllers = [ALL[name](context) for name in names]
        self._informers = informers

    async def run(self) -> None:
        """Until cancelled."""
        self._informers.start()
        async with asyncio.TaskGroup() as group:
            for each in self.controllers:
                group.create_task(each.run(), name=each.name)
