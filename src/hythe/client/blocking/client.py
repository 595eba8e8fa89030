# Made by scripts/blocking-client from ../aio/client.py: change that, and run the script.
"""`Client`: one engine, and the nouns of its API as attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hythe.client.address import resolve
from hythe.client.blocking.containers import Containers
from hythe.client.blocking.images import Images
from hythe.client.blocking.networks import Networks
from hythe.client.blocking.stream import Stream, stream
from hythe.client.blocking.volumes import Volumes
from hythe.client.decoding import Lines
from hythe.client.drivers.blocking import Driver
from hythe.client.filters import asked
from hythe.client.values.host import DiskUsage, Event, Info, Version


class Client:
    """The engine at `host` ("unix:///PATH", "tcp://HOST:PORT"), else at HYTHE_HOST, else at the default socket.

    `timeout` in seconds bounds connecting and each wait for an answer; streams are not bounded by it. The connection is
    made when it is needed. Leaving the context, or `close`, gives it up.
    """

    def __init__(self, host: str | None = None, *, timeout: float | None = None) -> None:
        self.address = resolve(host)
        self._driver = Driver(self.address, timeout)
        self.images = Images(self._driver)
        self.containers = Containers(self._driver, self.images)
        self.networks = Networks(self._driver)
        self.volumes = Volumes(self._driver)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.address)!r})"

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._driver.close()

    def ping(self) -> str:
        """Does the engine answer? The version of the API that is spoken with it. Raises NoDaemon, Denied."""
        return self._driver.version()

    def version(self) -> Version:
        return Version.read(self._driver.call("GET", "/version"))

    def info(self) -> Info:
        return Info.read(self._driver.call("GET", "/info"))

    def disk_usage(self) -> DiskUsage:
        return DiskUsage.read(self._driver.call("GET", "/system/df"))

    def events(
        self,
        *,
        since: str | float | None = None,
        until: str | float | None = None,
        filters: Mapping[str, str | Sequence[str]] | None = None,
        timeout: float | None = None,
    ) -> Stream[Event]:
        """What happens from now on, or from `since` until `until` (seconds since the epoch, or RFC 3339).

        Subscribed when this returns: what is done after it is seen. `filters`: {"type": "container", "event": "die"}.
        `timeout` in seconds bounds the wait for each.
        """
        query = {"since": since, "until": until, "filters": asked(filters)}
        answer = self._driver.stream("GET", "/events", query, timeout=timeout)
        return stream(self._driver, answer, Lines(Event.read))


def connect(host: str | None = None, *, timeout: float | None = None) -> Client:
    """A client of the engine at `host`, HYTHE_HOST or the default socket; best used as a context manager."""
    return Client(host, timeout=timeout)
