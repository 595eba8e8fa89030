# Made by scripts/blocking-client from ../aio/networks.py: change that, and run the script.
"""Networks, and handles on one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hythe.client.config.networks import endpoint
from hythe.client.drivers.blocking import Driver
from hythe.client.filters import asked
from hythe.client.values.host import NetworkInfo
from hythe.client.values.images import Pruned


class Network:
    """One network. As a context manager it is removed in the end."""

    def __init__(self, driver: Driver, id: str, name: str) -> None:
        self._driver, self.id, self.name = driver, id, name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def __enter__(self) -> Network:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def info(self) -> NetworkInfo:
        return NetworkInfo.read(self._driver.call("GET", f"/networks/{self.id}"))

    def connect(self, container: str, *, aliases: Sequence[str] = (), ip: str = "") -> None:
        """Connect a container, running or not; the others find it by its name and `aliases`."""
        body = {"Container": container, "EndpointConfig": endpoint(list(aliases), ip, "", [], {})}
        self._driver.call("POST", f"/networks/{self.id}/connect", {}, body)

    def disconnect(self, container: str, *, force: bool = False) -> None:
        body = {"Container": container, "Force": force}
        self._driver.call("POST", f"/networks/{self.id}/disconnect", {}, body)

    def remove(self) -> None:
        """Raises Conflict while a running container is on it."""
        self._driver.call("DELETE", f"/networks/{self.id}")


class Networks:
    """`client.networks`."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def create(
        self, name: str, *, driver: str = "bridge", internal: bool = False, subnet: str = "", gateway: str = "",
        labels: Mapping[str, str] | None = None, options: Mapping[str, str] | None = None,
    ) -> Network:  # fmt: skip
        """`subnet` in CIDR notation, else one that is free."""
        pool = {key: value for key, value in (("Subnet", subnet), ("Gateway", gateway)) if value}
        body = {
            "Name": name, "Driver": driver, "Internal": internal, "CheckDuplicate": True,
            "Labels": dict(labels or {}), "Options": dict(options or {}),
            "IPAM": {"Driver": "default", "Config": [pool] if pool else []},
        }  # fmt: skip
        answer = self._driver.call("POST", "/networks/create", {}, body)
        return Network(self._driver, answer["Id"], name)

    def get(self, ref: str) -> Network:
        """By name or id. Raises NotFound."""
        info = NetworkInfo.read(self._driver.call("GET", f"/networks/{ref}"))
        return Network(self._driver, info.id, info.name)

    def list(self, filters: Mapping[str, str | Sequence[str]] | None = None) -> tuple[NetworkInfo, ...]:
        answer = self._driver.call("GET", "/networks", {"filters": asked(filters)})
        return tuple(NetworkInfo.read(each) for each in answer or ())

    def prune(self, filters: Mapping[str, str | Sequence[str]] | None = None) -> Pruned:
        """Remove those that no container uses."""
        answer = self._driver.call("POST", "/networks/prune", {"filters": asked(filters)})
        return Pruned.read(answer, "NetworksDeleted")
