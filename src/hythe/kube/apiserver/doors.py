"""The two doors of a server: a TLS port, and a unix socket in the data directory that only its owner can open.

The TLS port asks for a client's certificate and takes connections without one: those say who they are by a token, or
are anonymous. A certificate of another authority ends the handshake.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

from hythe.kube.apiserver.connection import Server

GRACE: Final = 2.0
_BACKLOG: Final = 1024
_MAX_HEADER: Final = 64 * 1024
_HANDSHAKE_SECONDS: Final = 10.0


def server(handler: Any, *, local: bool) -> Server:
    """To be given to a listening socket."""
    return Server(
        handler,
        local=local,
        access_log=None,
        max_line_size=_MAX_HEADER,
        max_field_size=_MAX_HEADER,
        tcp_keepalive=True,
    )


async def open_socket(stack: AsyncExitStack, handler: Any, path: Path) -> None:
    """Serve `path` until the stack is closed. Raises OSError."""
    serving = server(handler, local=True)
    stack.push_async_callback(serving.stop, GRACE)
    listener = _private_socket(path)
    stack.callback(path.unlink, missing_ok=True)
    listening = await asyncio.get_running_loop().create_unix_server(serving, sock=listener, backlog=_BACKLOG)
    stack.callback(listening.close)


def bind(address: str, port: int) -> socket.socket:
    """A listening socket's port is known before anything is served. Raises OSError."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.create_server((address, port), family=family, backlog=_BACKLOG)


async def open_port(
    stack: AsyncExitStack, handler: Any, listener: socket.socket, context: ssl.SSLContext
) -> None:
    """Serve a bound socket with TLS until the stack is closed."""
    serving = server(handler, local=False)
    stack.push_async_callback(serving.stop, GRACE)
    listening = await asyncio.get_running_loop().create_server(
        serving, sock=listener, backlog=_BACKLOG, ssl=context, ssl_handshake_timeout=_HANDSHAKE_SECONDS
    )
    stack.callback(listening.close)


def server_context(certificate: Path, key: Path, authority: Path) -> ssl.SSLContext:
    """TLS 1.2 and newer; a client's certificate is asked for, and must be of `authority` if there is one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(authority)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.set_alpn_protocols(["http/1.1"])
    return context


def _private_socket(path: Path) -> socket.socket:
    """In place of one that a dead server left behind."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(os.fspath(path))
    finally:
        os.umask(before)
    return listener
