"""Calls to etcd: a channel, deadlines, and what its errors mean.

etcd tells errors apart by gRPC status code and text; the texts are part of its API (rpctypes/error.go), and looked at
in this one place.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grpc
import grpc.aio

from hythe.errors import HytheError, InvalidArgument, NoSpace, Unavailable, from_os
from hythe.kube.store.etcd.messages import message

SECONDS: Final = 10.0
"""How long one call may take."""
_PREFIX: Final = "/etcdserverpb."
_OPTIONS: Final = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.lb_policy_name", "round_robin"),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.use_local_subchannel_pool", 1),  # what one store finds out about a server is not another's
]
_CALLS: Final = {
    "Range": ("KV", "RangeRequest", "RangeResponse"),
    "Txn": ("KV", "TxnRequest", "TxnResponse"),
    "Compact": ("KV", "CompactionRequest", "CompactionResponse"),
    "LeaseGrant": ("Lease", "LeaseGrantRequest", "LeaseGrantResponse"),
}


class WasCompacted(HytheError):
    """The revision asked for is no longer there. etcd does not say here which is."""


class InTheFuture(HytheError):
    """The revision asked for is not there yet."""


@dataclass(frozen=True)
class Credentials:
    """Files, PEM: the authority that etcd's certificate is of, and our own certificate and key."""

    authority: Path
    certificate: Path | None = None
    key: Path | None = None


class Channel:
    """`servers`: HOST:PORT each; whichever answers is used. With `credentials`, over TLS."""

    def __init__(self, servers: Sequence[str], credentials: Credentials | None = None) -> None:
        target = _target(servers)
        if credentials is None:
            self._channel = grpc.aio.insecure_channel(target, options=_OPTIONS)
        else:
            host = servers[0].rpartition(":")[0]
            options = [*_OPTIONS, ("grpc.ssl_target_name_override", host), ("grpc.default_authority", host)]
            self._channel = grpc.aio.secure_channel(target, _read(credentials), options=options)
        self._calls = {name: self._unary(name, *what) for name, what in _CALLS.items()}
        self._watch: Any = self._channel.stream_stream(
            f"{_PREFIX}Watch/Watch",
            request_serializer=message("WatchRequest").SerializeToString,
            response_deserializer=message("WatchResponse").FromString,
        )

    def _unary(self, name: str, service: str, request: str, response: str) -> Any:
        return self._channel.unary_unary(
            f"{_PREFIX}{service}/{name}",
            request_serializer=message(request).SerializeToString,
            response_deserializer=message(response).FromString,
        )

    async def call(self, name: str, request: Any) -> Any:
        """Raises WasCompacted, InTheFuture, InvalidArgument, NoSpace, Unavailable."""
        try:
            return await self._calls[name](request, timeout=SECONDS)
        except grpc.aio.AioRpcError as error:
            raise problem(error) from error
        except grpc.aio.UsageError as error:  # the channel is closed
            raise Unavailable("the store is closed") from error

    async def watch(self, **create: Any) -> Any:
        """A stream of WatchResponses, of one watch: to be read with `read()`, and ended with `cancel()`."""
        stream = self._watch()
        try:
            await stream.write(message("WatchRequest")(create=message("WatchCreate")(**create)))
        except (grpc.aio.AioRpcError, grpc.aio.UsageError) as error:
            stream.cancel()
            raise problem(error) from error
        return stream

    async def close(self) -> None:
        await self._channel.close()


def problem(error: Exception) -> HytheError:
    """What to raise for an error of gRPC's."""
    if not isinstance(error, grpc.aio.AioRpcError):
        return Unavailable(f"etcd does not answer: {error}")
    said = error.details() or ""
    if "has been compacted" in said:
        return WasCompacted(said)
    if "future revision" in said:
        return InTheFuture(said)
    if "space exceeded" in said:
        return NoSpace(f"cannot write the store: {said}", hint="etcdctl compact, defrag and alarm disarm")
    if error.code() == grpc.StatusCode.INVALID_ARGUMENT:
        return InvalidArgument(said)
    return Unavailable(f"etcd does not answer: {said or error.code().name}")


def _target(servers: Sequence[str]) -> str:
    """gRPC's name for several servers is a list of addresses."""
    found: list[str] = []
    for server in servers:
        host, _, port = server.rpartition(":")
        try:
            for *_, address in socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM):
                found.append(f"[{address[0]}]:{port}" if ":" in str(address[0]) else f"{address[0]}:{port}")
        except ValueError as error:
            raise InvalidArgument(f"not HOST:PORT of an etcd server: {server}") from error
        except OSError as error:
            raise Unavailable(f"cannot find the etcd server {host}: {error}") from error
    if not found:
        raise InvalidArgument("no etcd server is named")
    family = "ipv6" if found[0].startswith("[") else "ipv4"
    same = [
        address for address in dict.fromkeys(found) if address.startswith("[") == found[0].startswith("[")
    ]
    return f"{family}:{','.join(same)}"


def _read(credentials: Credentials) -> grpc.ChannelCredentials:
    try:
        certificate, key = (
            None if path is None else path.read_bytes() for path in (credentials.certificate, credentials.key)
        )
        return grpc.ssl_channel_credentials(credentials.authority.read_bytes(), key, certificate)
    except OSError as error:
        raise from_os(error, "read the credentials for etcd") from error
