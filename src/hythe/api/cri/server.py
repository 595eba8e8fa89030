"""A gRPC server on a unix socket, made from the interface's own description.

The services, their methods and the types of their messages are read from the generated module's descriptors, and the
handlers come by name: `{"Version": version, ...}`, each an async function from a request to an answer, or an async
iterator of answers for a stream. What has no handler here, gRPC answers with UNIMPLEMENTED.

The socket is root's alone, for whoever writes to it is root on this machine.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

import grpc
from cri_api.v1 import api_pb2
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass

from hythe.api.cri.errors import code_of, details_of
from hythe.errors import Conflict, HytheError, SystemProblem, from_os

log = logging.getLogger("hythe.api.cri")
logging.getLogger("grpc").setLevel(logging.INFO)

Handler = Callable[[Any], Awaitable[Any]]
Streamer = Callable[[Any], AsyncIterator[Any]]
Handlers = Mapping[str, Handler | Streamer]
_SERVICES: Final = ("RuntimeService", "ImageService")
_LIMIT: Final = 16 << 20
"""Bytes in one message: what kubelet takes and sends."""


class Server:
    """Serves `handlers`, by the names of methods, on a unix socket at `path` from `start` to `stop`."""

    def __init__(self, path: Path, handlers: Handlers) -> None:
        self._path, self._handlers = path, handlers
        self._inode = 0

    async def start(self) -> None:
        """Raises Conflict where somebody answers on the socket already, SystemProblem."""
        _check_free(self._path)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        sizes = [(f"grpc.max_{way}_message_length", _LIMIT) for way in ("receive", "send")]
        self._server = grpc.aio.server(options=[*sizes, ("grpc.so_reuseport", 0)])
        for name in _SERVICES:
            service = api_pb2.DESCRIPTOR.services_by_name[name]
            methods = {m.name: self._method(m) for m in service.methods if m.name in self._handlers}
            generic = grpc.method_handlers_generic_handler(service.full_name, methods)
            self._server.add_generic_rpc_handlers((generic,))
        mask = os.umask(0o177)
        try:
            self._server.add_insecure_port(f"unix://{self._path}")
        except RuntimeError as error:
            raise SystemProblem(f"cannot listen on {self._path}: {error}") from error
        finally:
            os.umask(mask)
        await self._server.start()
        self._inode = self._path.stat().st_ino

    async def stop(self, grace: float) -> None:
        """No more calls; those under way have `grace` seconds."""
        await self._server.stop(grace)
        if self._path.exists() and self._path.stat().st_ino == self._inode:
            self._path.unlink(missing_ok=True)

    def _method(self, method: MethodDescriptor) -> grpc.RpcMethodHandler[Any, Any]:
        handler: Any = self._handlers[method.name]
        kind: Any = GetMessageClass(method.input_type)
        wrapped: Any
        if method.server_streaming:
            make, wrapped = grpc.unary_stream_rpc_method_handler, _streamed(method.name, handler)
        else:
            make, wrapped = grpc.unary_unary_rpc_method_handler, _answered(method.name, handler)
        return make(
            wrapped,
            request_deserializer=kind.FromString,
            response_serializer=lambda message: message.SerializeToString(),
        )


Context = grpc.aio.ServicerContext[Any, Any]


def _answered(name: str, handler: Handler) -> Callable[[Any, Context], Awaitable[Any]]:
    async def answer(request: Any, context: Context) -> Any:
        try:
            return await handler(request)
        except Exception as error:  # noqa: BLE001 - the edge: every error becomes an answer
            return await context.abort(*_told(name, error))

    return answer


def _streamed(name: str, handler: Streamer) -> Callable[[Any, Context], AsyncIterator[Any]]:
    async def answers(request: Any, context: Context) -> AsyncIterator[Any]:
        try:
            stream = handler(request)
            await context.send_initial_metadata(
                ()
            )  # a client may wait for that: nothing is missed from here on
            async for answer in stream:
                yield answer
        except Exception as error:  # noqa: BLE001 - the edge: every error becomes an answer
            await context.abort(*_told(name, error))

    return answers


def _told(name: str, error: Exception) -> tuple[grpc.StatusCode, str]:
    if isinstance(error, OSError) and not isinstance(error, TimeoutError):
        error = from_os(error, "do this")
    if isinstance(error, HytheError):
        log.debug("%s: %s", name, error)
        return code_of(error), details_of(error)
    log.error("%s failed", name, exc_info=error)
    return grpc.StatusCode.INTERNAL, "internal error, see the daemon's log"


def _check_free(path: Path) -> None:
    """A socket that somebody serves is not taken away from him."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return
    raise Conflict(f"{path} is in use: somebody answers on it", hint="stop it, or give --cri another path")
