"""`AsyncClient`: one engine, and the nouns of its API as attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hythe.client.address import resolve
from hythe.client.aio.containers import AsyncContainers
from hythe.client.aio.images import AsyncImages
from hythe.client.aio.networks import AsyncNetworks
from hythe.client.aio.stream import AsyncStream, stream
from hythe.client.aio.volumes import AsyncVolumes
from hythe.client.decoding import Lines
from hythe.client.drivers.aio import Driver
from hythe.client.filters import asked
from hythe.client.values.host import DiskUsage, Event, Info, Version


class AsyncClient:
    """The engine at `host` ("unix:///PATH", "tcp://HOST:PORT"), else at HYTHE_HOST, else at the default socket.

    `timeout` in seconds bounds connecting and each wait for an answer; streams are not bounded by it. The connection is
    made when it is needed. Leaving the context, or `aclose`, gives it up.
    """

    def __init__(self, host: str | None = None, *, timeout: float | None = None) -> None:
        self.address = resolve(host)
        self._driver = Driver(self.address, timeout)
        self.images = AsyncImages(self._driver)
        self.containers = AsyncContainers(self._driver, self.images)
        self.networks = AsyncNetworks(self._driver)
        self.volumes = AsyncVolumes(self._driver)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.address)!r})"

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._driver.aclose()

    async def ping(self) -> str:
        """Does the engine answer? The version of the API that is spoken with it. Raises NoDaemon, Denied."""
        return await self._driver.version()

    async def version(self) -> Version:
        return Version.read(await self._driver.call("GET", "/version"))

    async def info(self) -> Info:
        return Info.read(await self._driver.call("GET", "/info"))

    async def disk_usage(self) -> DiskUsage:
        return DiskUsage.read(await self._driver.call("GET", "/system/df"))

    async def events(
        self,
        *,
        since: str | float | None = None,
        until: str | float | None = None,
        filters: Mapping[str, str | Sequence[str]] | None = None,
        timeout: float | None = None,
    ) -> AsyncStream[Event]:
        """What happens from now on, or from `since` until `until` (seconds since the epoch, or RFC 3339).

        Subscribed when this returns: what is done after it is seen. `filters`: {"type": "container", "event": "die"}.
        `timeout` in seconds bounds the wait for each.
        """
        query = {"since": since, "until": until, "filters": asked(filters)}
        answer = await self._driver.stream("GET", "/events", query, timeout=timeout)
        return stream(self._driver, answer, Lines(Event.read))


def connect_async(host: str | None = None, *, timeout: float | None = None) -> AsyncClient:
    """A client of the engine at `host`, HYTHE_HOST or the default socket; best used as a context manager."""
    return AsyncClient(host, timeout=timeout)
