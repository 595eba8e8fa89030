"""`hythe kube server`: store, API server, controllers and scheduler in one process, in the foreground.

Controllers and scheduler are ordinary clients of the API server, on its unix socket. SIGTERM or SIGINT ends it:
first those, then the server, then the store.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import uuid
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

from hythe.errors import Conflict
from hythe.kube.apiserver.auth.kubeconfig import write_kubeconfig
from hythe.kube.apiserver.auth.names import server_hosts
from hythe.kube.apiserver.config import Config
from hythe.kube.apiserver.server import ApiServer
from hythe.kube.client.client import Client
from hythe.kube.client.election import Elector
from hythe.kube.client.shared import SharedInformers
from hythe.kube.cluster import initial
from hythe.kube.cluster.certificates import admin_kubeconfig, cluster_pki, server_config
from hythe.kube.cluster.names_service import NamesService
from hythe.kube.cluster.places import Places
from hythe.kube.cluster.settings import Settings
from hythe.kube.cluster.signing import Signer
from hythe.kube.cluster.tasks import Tasks
from hythe.kube.controllers.controller import Options
from hythe.kube.controllers.manager import ControllerManager
from hythe.kube.scheduler.scheduler import Scheduler
from hythe.kube.store.datastore import open_store


class Control:
    """The control plane of one cluster, from `start` to `stop`."""

    def __init__(self, settings: Settings, places: Places, kubeconfig: Path | None = None) -> None:
        self._settings, self._places = settings, places
        self._kubeconfig = kubeconfig or places.kubeconfig
        self._stack = AsyncExitStack()
        self.tasks = Tasks()

    async def start(self) -> None:
        """Raises HytheError; what had been started is stopped then."""
        async with AsyncExitStack() as stack:
            store = await open_store(
                self._settings.datastore or f"sqlite://{self._places.server / 'store.db'}"
            )
            stack.push_async_callback(store.close)
            pki = await asyncio.to_thread(cluster_pki, self._settings, self._places)
            config = server_config(self._settings, self._places)
            server = ApiServer(config, store)
            await _start(server, config)
            content = await asyncio.to_thread(admin_kubeconfig, self._settings, self._places)
            write_kubeconfig(self._kubeconfig, content)
            stack.push_async_callback(server.stop)
            client = Client.on_socket(server.config.socket, manager="kube-controller-manager")
            stack.callback(client.close)
            await initial.make(client, self._settings, pki.ca_file.read_bytes())
            informers = SharedInformers(client)
            stack.push_async_callback(informers.stop)
            stack.push_async_callback(self.tasks.stop)
            options = Options(authority=pki.ca_file.read_text())
            hosts = server_hosts(config.service_cidr, config.cluster_domain, (config.advertise,))
            self.tasks.begin(Signer(client, informers, pki, hosts).run(), "signer")
            self.tasks.begin(NamesService(client, informers).run(), "name service")
            manager, scheduler = ControllerManager(client, informers, options), Scheduler(client, informers)
            self._begin(client, "kube-controller-manager", manager.run)
            self._begin(client, "kube-scheduler", scheduler.run)
            self._stack = stack.pop_all()

    def _begin(self, client: Client, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """With a store that several servers may share, one of them is chosen by a Lease to do the work."""
        if self._settings.datastore.startswith("etcd"):
            elector = Elector(client, name, f"{socket.gethostname()}_{uuid.uuid4()}")
            self.tasks.begin(elector.lead_whenever(work), name)
        else:
            self.tasks.begin(_awaited(work), name)

    async def stop(self) -> None:
        await self._stack.aclose()


async def _awaited(work: Callable[[], Awaitable[None]]) -> None:
    await work()


async def _start(server: ApiServer, config: Config) -> None:
    """Raises Conflict where somebody else has the port."""
    try:
        await server.start()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise Conflict(
            f"port {config.port} of {config.address} is taken", hint="give another: --port N"
        ) from error


async def run(
    settings: Settings, places: Places, kubeconfig: Path | None, ready: asyncio.Event, stopping: asyncio.Event
) -> None:
    """Serve until `stopping`; `ready` is set when requests are answered. The administrator's file is `kubeconfig`."""
    control = Control(settings, places, kubeconfig)
    await control.start()
    ready.set()
    try:
        await control.tasks.until(stopping)
    finally:
        await control.stop()
