"""Networks, and which containers are on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hythe.client.transport import Json, Transport

Filters = Mapping[str, Sequence[str]]


class Networks:
    """The /networks part of the API."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, config: Json) -> str:
        """Create from Name, Driver, Internal, IPAM, Options, Labels...; gives the id."""
        body = {"CheckDuplicate": True, **config}
        answer: Json = self._transport.call("POST", "/networks/create", {}, body)
        return str(answer["Id"])

    def list(self, filters: Filters | None = None) -> list[Json]:
        query = {"filters": dict(filters) if filters else None}
        answer: list[Json] = self._transport.call("GET", "/networks", query)
        return answer or []

    def inspect(self, ref: str, *, verbose: bool = False) -> Json:
        answer: Json = self._transport.call("GET", f"/networks/{ref}", {"verbose": verbose or None})
        return answer

    def remove(self, ref: str) -> None:
        self._transport.call("DELETE", f"/networks/{ref}")

    def connect(self, ref: str, container: str, endpoint: Json | None = None) -> None:
        """Connect a container; `endpoint` is an EndpointSettings (Aliases, IPAMConfig...)."""
        body = {"Container": container, "EndpointConfig": endpoint or {}}
        self._transport.call("POST", f"/networks/{ref}/connect", {}, body)

    def disconnect(self, ref: str, container: str, *, force: bool = False) -> None:
        body = {"Container": container, "Force": force}
        self._transport.call("POST", f"/networks/{ref}/disconnect", {}, body)

    def prune(self, filters: Filters | None = None) -> Json:
        """Remove those that no container uses: NetworksDeleted."""
        query = {"filters": dict(filters) if filters else None}
        answer: Json = self._transport.call("POST", "/networks/prune", query)
        return answer
