"""One request on its way through the server: who asks for what, and what they are to be warned of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web

from hythe.kube.apiserver.connection import Connection
from hythe.kube.apiserver.definitions import Definition
from hythe.kube.apiserver.identity import User
from hythe.kube.apiserver.machine import Machine
from hythe.kube.apiserver.negotiation import Wanted, negotiate
from hythe.kube.apiserver.request import RequestInfo


@dataclass(slots=True)
class Call:
    """A request for a resource that exists."""

    request: web.BaseRequest
    info: RequestInfo
    query: Mapping[str, str]
    user: User
    definition: Definition
    machine: Machine
    warnings: list[str] = field(default_factory=list)

    @property
    def namespace(self) -> str:
        return self.info.namespace if self.definition.namespaced else ""

    @property
    def connection(self) -> Connection:
        protocol = self.request.protocol
        if not isinstance(protocol, Connection):
            raise ConnectionError("the client has left")
        return protocol

    def wanted(self) -> Wanted:
        """The form that the client accepts. Raises ApiError (NotAcceptable)."""
        return negotiate(self.request.headers.get("Accept"))
