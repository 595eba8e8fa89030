"""Volumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hythe.client.transport import Json, Transport

Filters = Mapping[str, Sequence[str]]


class Volumes:
    """The /volumes part of the API."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self, name: str | None = None, *, driver: str = "local", options: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Json:  # fmt: skip
        """Make it, or give the one that there is; the answer is a Volume."""
        body = {
            "Name": name or "", "Driver": driver, "DriverOpts": dict(options or {}),
            "Labels": dict(labels or {}),
        }  # fmt: skip
        answer: Json = self._transport.call("POST", "/volumes/create", {}, body)
        return answer

    def list(self, filters: Filters | None = None) -> list[Json]:
        query = {"filters": dict(filters) if filters else None}
        answer: Json = self._transport.call("GET", "/volumes", query)
        volumes: list[Json] = answer.get("Volumes") or []
        return volumes

    def inspect(self, name: str) -> Json:
        answer: Json = self._transport.call("GET", f"/volumes/{name}")
        return answer

    def remove(self, name: str, *, force: bool = False) -> None:
        self._transport.call("DELETE", f"/volumes/{name}", {"force": force or None})

    def prune(self, filters: Filters | None = None) -> Json:
        """Remove those that no container uses: VolumesDeleted, SpaceReclaimed."""
        query = {"filters": dict(filters) if filters else None}
        answer: Json = self._transport.call("POST", "/volumes/prune", query)
        return answer
