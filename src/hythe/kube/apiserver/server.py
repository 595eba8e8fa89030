"""One API server: its parts put together, its sockets opened, started in order and stopped in the other."""

from __future__ import annotations

import asyncio
import logging
import ssl
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from hythe.kube.apiserver import doors
from hythe.kube.apiserver.admission.permissions import Permissions
from hythe.kube.apiserver.admission.plugins import plugins
from hythe.kube.apiserver.admission.services import Services
from hythe.kube.apiserver.allocation import Allocator, addresses, ports
from hythe.kube.apiserver.auth.cluster import ClusterAuth
from hythe.kube.apiserver.auth.names import server_hosts
from hythe.kube.apiserver.auth.pki import Pki, ensure
from hythe.kube.apiserver.auth.renewal import Renewal
from hythe.kube.apiserver.bootstrap import bootstrap, repair
from hythe.kube.apiserver.config import Config
from hythe.kube.apiserver.customs import CustomResources
from hythe.kube.apiserver.definitions import Definitions
from hythe.kube.apiserver.dispatch import Dispatcher
from hythe.kube.apiserver.kinds import Kinds
from hythe.kube.apiserver.kubelets import Kubelets, client_context
from hythe.kube.apiserver.machine import Machine, SystemClock
from hythe.kube.apiserver.managers import Managers
from hythe.kube.apiserver.paths import Paths
from hythe.kube.apiserver.records import ROOT, Records
from hythe.kube.apiserver.roles import Aggregation, reconcile
from hythe.kube.objects.schema.resources import builtin
from hythe.kube.store.compactor import Compactor
from hythe.kube.store.contract import Store
from hythe.kube.store.sealed import Seal, SealedStore

log = logging.getLogger("hythe.kube.apiserver")

SEAL: Final = "encryption.keys"
"""In the data directory: what the values of SEALED are encrypted with at rest."""
SEALED: Final = (f"{ROOT}core/secrets/",)


class ApiServer:
    """Runs from `start` to `stop`. The store is the caller's to close."""

    def __init__(self, config: Config, store: Store) -> None:
        self.config, self._store = config, store
        self.port = config.port
        """Where the TLS port listens, once it does."""
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        """Raises HytheError or OSError; what had been started is stopped then."""
        config = self.config
        async with AsyncExitStack() as stack:
            listener = doors.bind(config.address, config.port)
            stack.callback(listener.close)
            self.port = listener.getsockname()[1]
            config = self.config = replace(config, port=self.port)
            self.pki = await asyncio.to_thread(certificates, config)
            compactor = Compactor(self._store)
            compactor.start()
            stack.push_async_callback(compactor.stop)
            client = client_context(self.pki.ca_file, *self.pki.files("kubelet-client"))
            machine = await self._machine(client)
            await machine.auth.start()
            stack.push_async_callback(machine.auth.stop)
            await machine.admission.start()
            stack.push_async_callback(machine.admission.stop)
            await bootstrap(machine, self.port)
            await reconcile(machine)
            customs = CustomResources(machine)
            await customs.start()
            stack.push_async_callback(customs.stop)
            aggregation = Aggregation(machine)
            await aggregation.start()
            stack.push_async_callback(aggregation.stop)
            dispatcher = Dispatcher(machine, Paths(machine))
            await doors.open_socket(stack, dispatcher, config.socket)
            context = doors.server_context(*self.pki.files("apiserver"), self.pki.ca_file)
            await doors.open_port(stack, dispatcher, listener, context)
            renewal = Renewal(lambda: certificates(config), {"apiserver": context, "kubelet-client": client})
            renewal.start()
            stack.push_async_callback(renewal.stop)
            self._stack = stack.pop_all()
        log.info("serving on %s and https://%s:%d", config.socket, config.advertise, self.port)

    async def stop(self) -> None:
        """Watches end now, other requests have a moment."""
        await self._stack.aclose()

    async def _machine(self, client: ssl.SSLContext) -> Machine:
        """`client`: what the server is to kubelets."""
        config = self.config
        store = SealedStore(self._store, await asyncio.to_thread(Seal.load, config.data_dir / SEAL), SEALED)
        given = Allocator(store, addresses(config.service_cidr)), Allocator(store, ports(*config.node_ports))
        definitions, records = Definitions(builtin()), Records(store)
        auth = ClusterAuth(self.pki, definitions, records, config.cluster_domain)
        services = Services(*given, str(config.service_cidr))
        machine = Machine(
            config=config,
            definitions=definitions,
            records=records,
            kinds=Kinds(),
            admission=plugins(definitions, records, services, Permissions(auth.escalation, auth.authorizer)),
            auth=auth,
            kubelets=Kubelets(definitions, records, client),
            managers=Managers(definitions),
            clock=SystemClock(),
        )
        await repair(machine, *given)
        return machine


def certificates(config: Config) -> Pki:
    """The server's own, made where they are missing. Blocks for some milliseconds."""
    hosts = server_hosts(config.service_cidr, config.cluster_domain, (config.advertise, *config.names))
    return ensure(pki_folder(config.data_dir), hosts, datetime.now(UTC))


def pki_folder(data_dir: Path) -> Path:
    return data_dir / "pki"
