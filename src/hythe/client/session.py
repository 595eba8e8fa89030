"""`Client`: one daemon, and the nouns of its API as attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hythe.client.address import Choice, resolve
from hythe.client.containers import Containers
from hythe.client.transport import Json, Transport

if TYPE_CHECKING:
    from hythe.client.images import Images
    from hythe.client.networks import Networks
    from hythe.client.volumes import Volumes

Filters = Mapping[str, Sequence[str]]


class Client:
    """A connection to the daemon at `host` (else as `address.resolve` finds it); made when first used.

    `timeout` in seconds bounds connecting and each wait for an answer; streams are never bounded.
    """

    def __init__(self, host: Choice | str | None = None, timeout: float | None = None) -> None:
        self.address = resolve(host)
        self.transport = Transport(self.address, timeout)
        self.containers = Containers(self.transport)

    # What is used less than containers is imported when it is: a short command pays for what it needs.

    @cached_property
    def images(self) -> Images:
        from hythe.client.images import Images

        return Images(self.transport)

    @cached_property
    def networks(self) -> Networks:
        from hythe.client.networks import Networks

        return Networks(self.transport)

    @cached_property
    def volumes(self) -> Volumes:
        from hythe.client.volumes import Volumes

        return Volumes(self.transport)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give up the idle connections. The client can still be used after it."""
        self.transport.close()

    def ping(self) -> str:
        """Ask whether the daemon answers; gives the API version spoken with it."""
        return self.transport.version

    def older_than(self, major: int, minor: int) -> bool:
        """Is the API version spoken with the daemon below this one?"""
        return tuple(map(int, self.ping().split("."))) < (major, minor)

    def info(self) -> Json:
        """SystemInfo."""
        return self._object("/info")

    def version(self) -> Json:
        """SystemVersion."""
        return self._object("/version")

    def login(self, auth: Json) -> Json:
        """Have the daemon try an AuthConfig (username, password, serveraddress): Status, IdentityToken."""
        answer: Json = self.transport.call("POST", "/auth", None, auth)
        return answer or {}

    def df(self) -> Json:
        """SystemDataUsage: LayersSize, Images, Containers, Volumes, BuildCache."""
        return self._object("/system/df")

    def events(
        self,
        *,
        since: str | int | None = None,
        until: str | int | None = None,
        filters: Filters | None = None,
    ) -> Iterator[Json]:
        """SystemEvents as they happen, until `until`. Subscribed when this returns."""
        query = {"since": since, "until": until, "filters": dict(filters) if filters else None}
        return self.transport.json_lines("GET", "/events", query)

    def build_prune(
        self, *, everything: bool = False, filters: Filters | None = None, keep: int | None = None
    ) -> Json:
        """BuildPrune: CachesDeleted, SpaceReclaimed. `keep` bytes of it stay."""
        query = {
            "all": everything, "filters": dict(filters) if filters else None, "keep-storage": keep,
        }  # fmt: skip
        answer: Any = self.transport.call("POST", "/build/prune", query)
        return answer or {}

    def _object(self, path: str) -> Json:
        answer: Any = self.transport.call("GET", path)
        return answer or {}
