"""The engine put together: one object that holds every use case, started and stopped as a whole.

Start: database, store, warden (spawned if none lives), networks, adoption of what runs. Stop: the containers
run on, since the warden is their parent; only if none is left does the warden end too, and every interface,
table and cgroup of this instance with it.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from hythe.engine import preflight
from hythe.engine.builds import BuildService
from hythe.engine.containers.adoption import Adoption
from hythe.engine.containers.parts import Parts, cgroup_parent
from hythe.engine.containers.registry import Registry
from hythe.engine.containers.service import Containers
from hythe.engine.events import Events
from hythe.engine.execs import Execs
from hythe.engine.images import ImageService
from hythe.engine.networks import NetworkService
from hythe.engine.paths import Paths
from hythe.engine.registries import RegistryService
from hythe.engine.runtime import Exit
from hythe.engine.runtimes.choice import Runtimes
from hythe.engine.runtimes.warden import WardenRuntime
from hythe.engine.standing import Standing
from hythe.engine.steps import ContainerExecutor
from hythe.engine.usernamespaces import UserNamespaces
from hythe.engine.volumes import VolumeService
from hythe.errors import HytheError
from hythe.kernel.cgroups import detect
from hythe.kernel.cgroups.trees import remove_everywhere
from hythe.network.manager import Manager
from hythe.registry.settings import Settings
from hythe.runtime.launch import spawn_warden
from hythe.store.database import Database
from hythe.store.images import Images
from hythe.volume.manager import Volumes

log = logging.getLogger("hythe.engine")


class _Identity(Struct):
    instance: str


class Engine:
    """`data` keeps what outlives a reboot, `run` what does not; `pool` is the range of container addresses.

    `userns`: what containers get that ask for nothing, "private" or "host".
    """

    containers: Containers
    execs: Execs
    images: ImageService
    networks: NetworkService
    volumes: VolumeService
    builds: BuildService
    registries: RegistryService

    def __init__(
        self,
        data: Path,
        run: Path,
        *,
        pool: str | None = None,
        userns: str = "private",
        runtimes: Runtimes | None = None,
        standing: Standing | None = None,
        registries: Settings | None = None,
    ) -> None:
        self._registry_settings = registries or Settings()
        self.standing = standing or Standing()
        self.runtimes = runtimes or Runtimes({})
        self.paths = Paths(data, run)
        self.events = Events()
        self.warden_restarts = 0
        self._pool = pool
        self.users = UserNamespaces(userns)
        self.paths.make()
        self.database = Database(data / "hythe.db")
        self.instance = self._identity()

    def _identity(self) -> str:
        """Six hexadecimal characters that mark whatever this daemon makes on the host; kept for ever."""
        kept = self.database.collection("identity", _Identity)
        known = kept.get("engine")
        if known is None:
            known = _Identity(secrets.token_hex(3))
            kept.put("engine", known)
        return known.instance

    async def start(self) -> None:
        preflight.check(self.paths.data)
        await asyncio.to_thread(self.users.try_out, self.paths.data)
        store = Images(self.paths.data, self.database)
        self._runtime = WardenRuntime(self.paths.warden_socket)
        await self._attach_warden()
        manager = Manager(self.database, self.instance, self._pool, self.standing.bind)
        self.networks = NetworkService(manager, self.events)
        self.volumes = VolumeService(Volumes(self.paths.data / "volumes", self.database), self.events)
        self.images = ImageService(store, self.events)
        self.registries = RegistryService(
            store, self.database, self.paths.data / "registry", self._registry_settings, self.events
        )
        parts = Parts(
            self.instance,
            self.paths,
            Registry(self.database),
            self.events,
            store,
            self._runtime,
            self.networks,
            self.volumes,
            self.users,
            self.runtimes,
        )
        self.execs = Execs(parts)
        self.containers = Containers(parts, self.execs)
        self.volumes.containers = self.images.containers = self.containers.list
        executor = ContainerExecutor(parts)
        self.builds = BuildService(
            store, self.database, self.paths.data / "build", executor, self.events, self.registries.pull
        )
        self._registry, self._executor = parts.registry, executor
        self._runtime.on_exit(self._exited)
        self._adoption = Adoption(parts, self.containers)
        await self.networks.startup(await self._adoption.live())
        await self._adoption.run()
        self._runtime.on_lost = self._warden_lost

    def _warden_lost(self) -> None:
        """The warden was killed: another takes its place, and takes over what runs."""
        self._recovery = asyncio.ensure_future(self._recover())

    async def _recover(self) -> None:
        self.warden_restarts += 1
        log.error("the warden was lost; starting another, which takes over the running containers")
        await self._attach_warden()
        await self._adoption.live()
        await self._adoption.run()

    def _exited(self, exit: Exit) -> None:
        if exit.exec_id is not None:
            self.execs.exited(exit)
        elif self._registry.get(exit.id) is not None:
            self.containers.lifecycle.exited(exit)
        else:
            self._executor.exited(exit)

    async def _attach_warden(self) -> None:
        """Connect to the warden that lives, or start one."""
        try:
            self._runtime.connect()
        except OSError:
            self.paths.warden_socket.unlink(missing_ok=True)
            await asyncio.to_thread(
                spawn_warden,
                self.paths.warden_socket,
                self.paths.warden_state,
                self.paths.warden_log,
                self.standing.lifelines,
            )
            self._runtime.connect()

    async def stop(self, *, stop_containers: bool = False) -> None:
        """Let go. Where no container is left, leave nothing behind on the host either."""
        if stop_containers:
            await self.containers.stop_all()
        self._runtime.on_lost = lambda: None
        idle = not await self._runtime.containers()
        self.containers.close()
        await self.networks.shutdown(remove_all=idle)
        if idle:
            with suppress(HytheError, OSError):  # a container came up again meanwhile: it keeps its group
                await self._runtime.shutdown()
                remove_everywhere(cgroup_parent(self.instance))
                detect().group(cgroup_parent(self.instance)).remove()  # where the top is not a tree's
        self._runtime.close()
        self.users.close()
        self.database.close()
