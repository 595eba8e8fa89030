"""One request on its way through the server: who asks for what, and what they are to be warned of.

A `Context` is what writing and deleting need; the server makes one for itself too, when it writes its own objects. A
`Call` adds the HTTP request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web

from hythe.kube.apiserver.connection import Connection
from hythe.kube.apiserver.definitions import Definition
from hythe.kube.apiserver.identity import LOCAL, User
from hythe.kube.apiserver.machine import Machine
from hythe.kube.apiserver.negotiation import Wanted, negotiate
from hythe.kube.apiserver.request import RequestInfo


@dataclass(slots=True, kw_only=True)
class Context:
    """`namespace` is "" where the resource has none; `agent` is the client's name (User-Agent)."""

    machine: Machine
    definition: Definition
    namespace: str
    user: User = LOCAL
    verb: str = "create"
    agent: str = "hythe"
    warnings: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Call(Context):
    """A request for a resource that exists."""

    request: web.BaseRequest
    info: RequestInfo
    query: Mapping[str, str]

    @property
    def connection(self) -> Connection:
        protocol = self.request.protocol
        if not isinstance(protocol, Connection):
            raise ConnectionError("the client has left")
        return protocol

    def wanted(self) -> Wanted:
        """The form that the client accepts. Raises ApiError (NotAcceptable)."""
        return negotiate(self.request.headers.get("Accept"))
