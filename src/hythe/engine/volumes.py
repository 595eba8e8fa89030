"""Volumes as use cases: who uses one, what happens to it, and the mounts of a container resolved to paths."""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from hythe.engine.events import Events
from hythe.engine.model import Container, MountPoint, MountRequest
from hythe.errors import Conflict, InvalidArgument, NotFound
from hythe.oci.spec import Mount
from hythe.volume.manager import VolumeRecord, Volumes


class VolumeService:
    """`containers` gives all records, to tell which volumes are in use."""

    def __init__(self, volumes: Volumes, events: Events) -> None:
        self._volumes, self._events = volumes, events
        self.containers: Callable[[], Iterable[Container]] = lambda: ()

    def get(self, name: str) -> VolumeRecord:
        return self._volumes.get(name)

    def list(self) -> Sequence[VolumeRecord]:
        return self._volumes.list()

    def users(self, name: str) -> builtins.list[Container]:
        return [c for c in self.containers() if any(m.volume == name for m in c.mounts)]

    async def create(
        self, name: str | None, driver: str = "local", labels: dict[str, str] | None = None,
        options: dict[str, str] | None = None,
    ) -> VolumeRecord:  # fmt: skip
        """Make a volume, or give the one that has this name."""
        record = await asyncio.to_thread(self._volumes.create, name, driver, labels or {}, options or {})
        self._events.publish("volume", "create", record.name, {"driver": driver})
        return record

    async def remove(self, name: str, *, force: bool = False) -> None:
        try:
            record = self._volumes.get(name)
        except NotFound:
            if force:
                return
            raise
        users = self.users(record.name)
        if users:
            ids = ", ".join(c.id for c in users)
            raise Conflict(
                f"remove {name}: volume is in use - [{ids}]", hint=f"hythe rm -v {users[0].name} first"
            )
        await asyncio.to_thread(self._volumes.remove, record.name)
        self._events.publish("volume", "destroy", record.name, {"driver": record.driver})

    async def prune(
        self, *, all: bool, accept: Callable[[VolumeRecord], bool]
    ) -> tuple[builtins.list[str], int]:
        """(names removed, bytes freed); only anonymous ones unless `all`."""
        removed, freed = [], 0
        for record in self._volumes.list():
            if (all or record.anonymous) and accept(record) and not self.users(record.name):
                freed += await self.usage(record.name)
                await self.remove(record.name)
                removed.append(record.name)
        return removed, freed

    def mount(self, name: str) -> Mount:
        """How a volume is mounted; the destination is the caller's. Raises NotFound."""
        return self._volumes.mount(name)

    async def usage(self, name: str) -> int:
        """Bytes on disk."""
        return await asyncio.to_thread(self._volumes.usage, name)

    def publish_use(self, action: str, record: Container) -> None:
        """Tell that a container begins or ends to use its volumes ("mount", "unmount")."""
        for mount in record.mounts:
            if mount.volume:
                details = {"container": record.id, "destination": mount.target, "driver": mount.driver}
                self._events.publish("volume", action, mount.volume, details)

    # ---- a container's mounts -----------------------------------------------------------------

    async def resolve(self, request: MountRequest, image_layers: builtins.list[Path]) -> MountPoint:
        """The host's path behind a request; a volume is made and filled from the image as needed."""
        if request.type == "tmpfs":
            return MountPoint("tmpfs", "", request.target, request.read_only)
        if request.type == "bind":
            return self._bind(request)
        record = await self.create(
            request.source or None, request.driver or "local", request.labels, request.driver_options
        )
        if not request.no_copy:
            await asyncio.to_thread(self._volumes.copy_up, record.name, image_layers, request.target)
        return MountPoint(
            "volume",
            record.mountpoint,
            request.target,
            request.read_only,
            request.propagation,
            record.name,
            record.driver,
            anonymous=not request.source,
        )

    def _bind(self, request: MountRequest) -> MountPoint:
        source = Path(request.source)
        if not source.is_absolute():
            raise InvalidArgument(f"invalid mount path: '{source}' mount path must be absolute")
        if not source.exists():
            if not request.create_source:
                raise InvalidArgument(
                    f'invalid mount config for type "bind": bind source path does not exist: {source}',
                    hint=f"mkdir -p {source}",
                )
            source.mkdir(parents=True)
        return MountPoint(
            "bind",
            str(source),
            request.target,
            request.read_only,
            request.propagation or "rprivate",
            recursive=request.recursive,
        )

    async def drop_anonymous(self, record: Container) -> None:
        """Remove the anonymous volumes of a container that is gone, where nobody else uses them."""
        for mount in record.mounts:
            if mount.anonymous and not self.users(mount.volume):
                await self.remove(mount.volume, force=True)
