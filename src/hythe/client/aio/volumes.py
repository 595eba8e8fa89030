"""Volumes, and handles on one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hythe.client.drivers.aio import Driver
from hythe.client.filters import asked
from hythe.client.values.host import VolumeInfo
from hythe.client.values.images import Pruned


class AsyncVolume:
    """One volume. As a context manager it is removed in the end."""

    def __init__(self, driver: Driver, name: str) -> None:
        self._driver, self.name = driver, name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    async def __aenter__(self) -> AsyncVolume:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.remove()

    async def info(self) -> VolumeInfo:
        return VolumeInfo.read(await self._driver.call("GET", f"/volumes/{self.name}"))

    async def remove(self, *, force: bool = False) -> None:
        """Raises Conflict while a container has it; `force`: no error where it is not there."""
        await self._driver.call("DELETE", f"/volumes/{self.name}", {"force": force or None})


class AsyncVolumes:
    """`client.volumes`."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    async def create(
        self, name: str = "", *, driver: str = "local", labels: Mapping[str, str] | None = None,
        options: Mapping[str, str] | None = None,
    ) -> AsyncVolume:  # fmt: skip
        """Make it, or give the one that there is; without a name it gets one of random letters."""
        body = {
            "Name": name, "Driver": driver, "DriverOpts": dict(options or {}), "Labels": dict(labels or {}),
        }  # fmt: skip
        answer = await self._driver.call("POST", "/volumes/create", {}, body)
        return AsyncVolume(self._driver, answer["Name"])

    async def get(self, name: str) -> AsyncVolume:
        """Raises NotFound."""
        answer = await self._driver.call("GET", f"/volumes/{name}")
        return AsyncVolume(self._driver, answer["Name"])

    async def list(self, filters: Mapping[str, str | Sequence[str]] | None = None) -> tuple[VolumeInfo, ...]:
        answer = await self._driver.call("GET", "/volumes", {"filters": asked(filters)})
        return tuple(VolumeInfo.read(each) for each in answer["Volumes"] or ())

    async def prune(
        self, filters: Mapping[str, str | Sequence[str]] | None = None, *, all: bool = False
    ) -> Pruned:
        """Remove the anonymous ones that no container has; `all`: the named ones too."""
        wanted = {**(filters or {}), **({"all": "true"} if all else {})}
        answer = await self._driver.call("POST", "/volumes/prune", {"filters": asked(wanted)})
        return Pruned.read(answer, "VolumesDeleted")
