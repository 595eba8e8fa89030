"""All controllers in one process, on shared informers.

    informers = SharedInformers(client)
    await ControllerManager(client, informers).run()      until cancelled

Where several servers run, give `run` to an `election.Elector`: only one manager may be at work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, NamedTuple

from hythe.kube.client.client import Client
from hythe.kube.client.clock import Clock, SystemClock
from hythe.kube.client.shared import SharedInformers
from hythe.kube.controllers.controller import Context, Controller
from hythe.kube.controllers.deployment.controller import DeploymentController
from hythe.kube.controllers.endpoints.controller import EndpointsController, EndpointSliceController
from hythe.kube.controllers.replicaset.controller import (
    ReplicaSetController,
    ReplicationControllerController,
)

ALL: Final[Mapping[str, type[Controller]]] = {
    each.name: each
    for each in (
        DeploymentController,
        ReplicaSetController,
        ReplicationControllerController,
        EndpointSliceController,
        EndpointsController,
    )
}
"""By the names that kube-controller-manager gives them."""


class Options(NamedTuple):
    """`controllers`: which run, by name."""

    controllers: tuple[str, ...] = tuple(ALL)


class ControllerManager:
    """The informers may be shared with others, who start and stop them too: starting twice does nothing."""

    def __init__(
        self, client: Client, informers: SharedInformers, options: Options | None = None, *,
        clock: Clock | None = None,
    ) -> None:  # fmt: skip
        options = options or Options()
        context = Context(client, informers, clock or SystemClock())
        self.controllers = [ALL[name](context) for name in options.controllers]
        self._informers = informers

    async def run(self) -> None:
        """Until cancelled."""
        self._informers.start()
        async with asyncio.TaskGroup() as group:
            for each in self.controllers:
                group.create_task(each.run(), name=each.name)
