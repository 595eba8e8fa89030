"""Where a daemon is: "unix:///PATH" or "tcp://HOST:PORT", as -H, HYTHE_HOST or the default say it."""

from __future__ import annotations

import os
from typing import Final, NamedTuple

from hythe.errors import InvalidArgument

_TCP_PORT: Final = 2375


class Address(NamedTuple):
    """`path` for a unix socket, else `host` and `port`; `default` says that nobody chose it explicitly."""

    path: str
    host: str = ""
    port: int = 0
    default: bool = False

    def __str__(self) -> str:
        return f"unix://{self.path}" if self.path else f"tcp://{self.host}:{self.port}"


def exec_root() -> str:
    """The directory of the default socket: /run/hythe for root, below $XDG_RUNTIME_DIR otherwise."""
    if os.geteuid() == 0:
        return "/run/hythe"
    runtime = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.geteuid()}"
    return f"{runtime}/hythe"


def parse(host: str) -> Address:
    """An address from the text of -H. Raises InvalidArgument for a scheme that is not understood."""
    scheme, separator, rest = host.partition("://")
    if not separator:
        raise InvalidArgument(
            f"invalid host {host!r}: no scheme", hint="write unix:///path/to.sock or tcp://127.0.0.1:2375"
        )
    if scheme == "unix" and rest:
        return Address(rest)
    if scheme in ("tcp", "http"):
        name, port = _split_port(rest.rstrip("/"), host)
        return Address("", name or "127.0.0.1", port)
    raise InvalidArgument(
        f"invalid host {host!r}: the scheme {scheme!r} is not supported", hint="use unix:// or tcp://"
    )


def resolve(host: str | None) -> Address:
    """The address to use: the one given, then HYTHE_HOST, then the default socket."""
    chosen = host or os.environ.get("HYTHE_HOST")
    if chosen:
        return parse(chosen)
    return Address(f"{exec_root()}/hythe.sock", default=True)


def _split_port(text: str, whole: str) -> tuple[str, int]:
    if text.startswith("["):
        name, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    else:
        name, _, port = text.partition(":")
    if port and not (port.isdigit() and 0 < int(port) < 65536):
        raise InvalidArgument(f"invalid host {whole!r}: {port!r} is not a port")
    return name, int(port) if port else _TCP_PORT
