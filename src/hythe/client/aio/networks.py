"""Networks, and handles on one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hythe.client.config.networks import endpoint
from hythe.client.drivers.aio import Driver
from hythe.client.filters import asked
from hythe.client.values.host import NetworkInfo
from hythe.client.values.images import Pruned


class AsyncNetwork:
    """One network. As a context manager it is removed in the end."""

    def __init__(self, driver: Driver, id: str, name: str) -> None:
        self._driver, self.id, self.name = driver, id, name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    async def __aenter__(self) -> AsyncNetwork:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.remove()

    async def info(self) -> NetworkInfo:
        return NetworkInfo.read(await self._driver.call("GET", f"/networks/{self.id}"))

    async def connect(self, container: str, *, aliases: Sequence[str] = (), ip: str = "") -> None:
        """Connect a container, running or not; the others find it by its name and `aliases`."""
        body = {"Container": container, "EndpointConfig": endpoint(list(aliases), ip, "", [], {})}
        await self._driver.call("POST", f"/networks/{self.id}/connect", {}, body)

    async def disconnect(self, container: str, *, force: bool = False) -> None:
        body = {"Container": container, "Force": force}
        await self._driver.call("POST", f"/networks/{self.id}/disconnect", {}, body)

    async def remove(self) -> None:
        """Raises Conflict while a running container is on it."""
        await self._driver.call("DELETE", f"/networks/{self.id}")


class AsyncNetworks:
    """`client.networks`."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    async def create(
        self, name: str, *, driver: str = "bridge", internal: bool = False, subnet: str = "", gateway: str = "",
        labels: Mapping[str, str] | None = None, options: Mapping[str, str] | None = None,
    ) -> AsyncNetwork:  # fmt: skip
        """`subnet` in CIDR notation, else one that is free."""
        pool = {key: value for key, value in (("Subnet", subnet), ("Gateway", gateway)) if value}
        body = {
            "Name": name, "Driver": driver, "Internal": internal, "CheckDuplicate": True,
            "Labels": dict(labels or {}), "Options": dict(options or {}),
            "IPAM": {"Driver": "default", "Config": [pool] if pool else []},
        }  # fmt: skip
        answer = await self._driver.call("POST", "/networks/create", {}, body)
        return AsyncNetwork(self._driver, answer["Id"], name)

    async def get(self, ref: str) -> AsyncNetwork:
        """By name or id. Raises NotFound."""
        info = NetworkInfo.read(await self._driver.call("GET", f"/networks/{ref}"))
        return AsyncNetwork(self._driver, info.id, info.name)

    async def list(self, filters: Mapping[str, str | Sequence[str]] | None = None) -> tuple[NetworkInfo, ...]:
        answer = await self._driver.call("GET", "/networks", {"filters": asked(filters)})
        return tuple(NetworkInfo.read(each) for each in answer or ())

    async def prune(self, filters: Mapping[str, str | Sequence[str]] | None = None) -> Pruned:
        """Remove those that no container uses."""
        answer = await self._driver.call("POST", "/networks/prune", {"filters": asked(filters)})
        return Pruned.read(answer, "NetworksDeleted")
