"""From an HTTP request to a handler and back: who, may they, which resource, which verb; errors as Status objects."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from aiohttp import web

from hythe.errors import HytheError
from hythe.kube.apiserver.answer import compress, encoded, pretty, warn
from hythe.kube.apiserver.auth.impersonation import impersonated
from hythe.kube.apiserver.auth.refusal import refused
from hythe.kube.apiserver.call import Call
from hythe.kube.apiserver.connection import Connection, NoAnswer
from hythe.kube.apiserver.definitions import Definition
from hythe.kube.apiserver.identity import ANONYMOUS, LOCAL, Attributes, User
from hythe.kube.apiserver.inflight import InFlight
from hythe.kube.apiserver.machine import Machine
from hythe.kube.apiserver.paths import Paths
from hythe.kube.apiserver.request import RequestInfo, parse, truth
from hythe.kube.apiserver.subresources.table import COLLECTIONS, handlers_of
from hythe.kube.apiserver.verbs import delete, patch, read, review, watch, write
from hythe.kube.apiserver.verbs.review import REVIEWS
from hythe.kube.objects.status import (
    ApiError,
    internal_error,
    method_not_allowed,
    method_unknown,
    no_such_path,
    service_unavailable,
)

log = logging.getLogger("hythe.kube.apiserver")

Handler: TypeAlias = Callable[[Call], Awaitable[web.StreamResponse]]

VERBS: Final[dict[str, Handler]] = {
    "get": read.get,
    "list": read.list_,
    "watch": watch.watch,
    "create": write.create,
    "update": write.update,
    "patch": patch.patch,
    "delete": delete.delete,
    "deletecollection": delete.delete_collection,
}


class Dispatcher:
    """Answers every request to one server."""

    def __init__(self, machine: Machine, paths: Paths) -> None:
        self._machine, self._paths = machine, paths
        self._in_flight = InFlight()

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        info = parse(request.method, request.rel_url.raw_path, request.query)
        metrics, began, code = self._machine.metrics, time.monotonic(), 0
        metrics.began(info)
        try:
            response = await self._answered(request, info)
            code = response.status
            return response
        finally:
            metrics.ended(info, code, time.monotonic() - began)

    async def _answered(self, request: web.BaseRequest, info: RequestInfo) -> web.StreamResponse:
        warnings: list[str] = []
        try:
            response = await self._answer(request, info, warnings)
        except ConnectionError:
            log.debug("%s %s: the client has left", request.method, request.path)
            return NoAnswer()
        except ApiError as error:
            response = _failed(request, error)
        except HytheError as error:
            log.warning("%s %s: %s", request.method, request.path, error)
            response = _failed(request, service_unavailable(str(error)))
        except Exception as error:
            log.exception("%s %s failed", request.method, request.path)
            response = _failed(request, internal_error(str(error)))
        return await _finished(request, response, warnings)

    async def _answer(
        self, request: web.BaseRequest, info: RequestInfo, warnings: list[str]
    ) -> web.StreamResponse:
        user = await impersonated(await self._user(request), request.headers, self._machine.authorizer)
        with self._in_flight.place(user, info):
            await self._authorize(user, info)
            if not info.is_resource:
                return await self._paths.answer(request, info, user)
            call = self._call(request, info, user, warnings)
            return await handler_of(call.definition, info)(call)

    def _call(self, request: web.BaseRequest, info: RequestInfo, user: User, warnings: list[str]) -> Call:
        """Raises ApiError if there is no such resource, or it is asked for in the wrong place."""
        definition = self._machine.definitions.find(info.group, info.version, info.resource)
        if definition is None:
            raise no_such_path()
        _check_scope(definition, info)
        return Call(
            machine=self._machine,
            definition=definition,
            namespace=info.namespace if definition.namespaced else "",
            user=user,
            verb=info.verb,
            agent=request.headers.get("User-Agent", ""),
            warnings=warnings,
            request=request,
            info=info,
            query=request.query,
        )

    async def _user(self, request: web.BaseRequest) -> User:
        connection = request.protocol
        if isinstance(connection, Connection) and connection.local:
            return LOCAL
        certificate = connection.certificate() if isinstance(connection, Connection) else None
        found = await self._machine.auth.authenticator.authenticate(
            certificate, request.headers.get("Authorization")
        )
        return found or ANONYMOUS

    async def _authorize(self, user: User, info: RequestInfo) -> None:
        attributes = _attributes(user, info)
        decision = await self._machine.authorizer.authorize(attributes)
        if not decision.allowed:
            raise refused(attributes, decision.reason)


def _attributes(user: User, info: RequestInfo) -> Attributes:
    if not info.is_resource:
        return Attributes(user, info.verb, path=info.path)
    return Attributes(
        user, info.verb, info.group, info.version, info.resource, info.subresource, info.namespace, info.name
    )


def _check_scope(definition: Definition, info: RequestInfo) -> None:
    """Raises ApiError for a path that leaves out a namespace, or has one where there is none."""
    if info.namespace and not definition.namespaced and info.resource != "namespaces":
        raise no_such_path()
    if definition.namespaced and not info.namespace and info.verb not in ("list", "watch"):
        raise no_such_path() if info.verb in ("get", "update", "patch", "delete") else method_unknown()


def handler_of(definition: Definition, info: RequestInfo) -> Handler:
    """Raises ApiError: 404 for no such subresource, 405 for a verb that it does not have."""
    if definition.qualified in REVIEWS and info.verb == "create":
        return review.create
    if not info.subresource:
        if info.verb not in definition.verbs or info.verb not in VERBS:
            raise method_not_allowed(definition.qualified, info.verb)
        return COLLECTIONS.get(definition.qualified, {}).get(info.verb) or VERBS[info.verb]
    subresource = definition.subresources.get(info.subresource)
    handlers = handlers_of(definition, info.subresource)
    if subresource is None or not handlers:
        raise no_such_path()
    if info.verb not in subresource.verbs or info.verb not in handlers:
        raise method_not_allowed(definition.qualified, info.verb)
    return handlers[info.verb]


def _failed(request: web.BaseRequest, error: ApiError) -> web.StreamResponse:
    """The error as a Status; an answer that has begun is cut off, so that no client takes it for whole."""
    if request.writer.output_size:
        if request.transport is not None:
            request.transport.abort()
        return NoAnswer()
    response = encoded(error.status(), error.code)
    if error.retry_after:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


async def _finished(
    request: web.BaseRequest, response: web.StreamResponse, warnings: list[str]
) -> web.StreamResponse:
    if isinstance(response, NoAnswer) or response.prepared:
        return response
    warn(response, warnings)
    response.headers.setdefault("Cache-Control", "no-cache, private")
    if isinstance(response, web.Response):
        if truth(request.query.get("pretty")):
            pretty(response)
        await compress(response, request.headers.get("Accept-Encoding", ""))
    return response
