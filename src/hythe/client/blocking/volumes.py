# Made by scripts/blocking-client from ../aio/volumes.py: change that, and run the script.
"""Volumes, and handles on one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hythe.client.drivers.blocking import Driver
from hythe.client.filters import asked
from hythe.client.values.host import VolumeInfo
from hythe.client.values.images import Pruned


class Volume:
    """One volume. As a context manager it is removed in the end."""

    def __init__(self, driver: Driver, name: str) -> None:
        self._driver, self.name = driver, name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def __enter__(self) -> Volume:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def info(self) -> VolumeInfo:
        return VolumeInfo.read(self._driver.call("GET", f"/volumes/{self.name}"))

    def remove(self, *, force: bool = False) -> None:
        """Raises Conflict while a container has it; `force`: no error where it is not there."""
        self._driver.call("DELETE", f"/volumes/{self.name}", {"force": force or None})


class Volumes:
    """`client.volumes`."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def create(
        self, name: str = "", *, driver: str = "local", labels: Mapping[str, str] | None = None,
        options: Mapping[str, str] | None = None,
    ) -> Volume:  # fmt: skip
        """Make it, or give the one that there is; without a name it gets one of random letters."""
        body = {
            "Name": name, "Driver": driver, "DriverOpts": dict(options or {}), "Labels": dict(labels or {}),
        }  # fmt: skip
        answer = self._driver.call("POST", "/volumes/create", {}, body)
        return Volume(self._driver, answer["Name"])

    def get(self, name: str) -> Volume:
        """Raises NotFound."""
        answer = self._driver.call("GET", f"/volumes/{name}")
        return Volume(self._driver, answer["Name"])

    def list(self, filters: Mapping[str, str | Sequence[str]] | None = None) -> tuple[VolumeInfo, ...]:
        answer = self._driver.call("GET", "/volumes", {"filters": asked(filters)})
        return tuple(VolumeInfo.read(each) for each in answer["Volumes"] or ())

    def prune(self, filters: Mapping[str, str | Sequence[str]] | None = None, *, all: bool = False) -> Pruned:
        """Remove the anonymous ones that no container has; `all`: the named ones too."""
        wanted = {**(filters or {}), **({"all": "true"} if all else {})}
        answer = self._driver.call("POST", "/volumes/prune", {"filters": asked(wanted)})
        return Pruned.read(answer, "VolumesDeleted")
