"""Where a daemon is: "unix:///PATH" or "tcp://HOST:PORT", and with which certificates.

The first of these says it: -H, --context, HYTHE_HOST, HYTHE_CONTEXT, DOCKER_HOST, DOCKER_CONTEXT, the context chosen
with `context use`, and else hythe's own socket, where a daemon is started if none answers (`default`). Contexts are
docker's (`context_store`), so both clients go where the other goes. TLS is asked for with --tls or --tlsverify and
their like, or DOCKER_TLS_VERIFY and DOCKER_CERT_PATH; a context has its own.
"""

from __future__ import annotations

import os
from typing import Final, NamedTuple

from hythe.client import configuration
from hythe.errors import InvalidArgument, Unsupported

_TCP_PORT: Final = 2375
_TLS_PORT: Final = 2376


class Tls(NamedTuple):
    """PEM files; `verify`: the daemon must have a certificate of `ca`, or of this machine's authorities."""

    ca: str = ""
    cert: str = ""
    key: str = ""
    verify: bool = True


class Address(NamedTuple):
    """`path` for a unix socket, else `host` and `port`; `default` says that nobody chose it explicitly."""

    path: str
    host: str = ""
    port: int = 0
    default: bool = False
    tls: Tls | None = None
    context: str = "default"

    def __str__(self) -> str:
        if self.path:
            return f"unix://{self.path}"
        return f"tcp://[{self.host}]:{self.port}" if ":" in self.host else f"tcp://{self.host}:{self.port}"


class Choice:
    """What the command line says about where the daemon is."""

    def __init__(
        self, host: str | None = None, context: str | None = None, config: str | None = None, *,
        tls: bool = False, tls_verify: bool = False, ca: str = "", cert: str = "", key: str = "",
    ) -> None:  # fmt: skip
        self.host, self.context, self.config = host, context, config
        self.tls, self.tls_verify = tls, tls_verify
        self.ca, self.cert, self.key = ca, cert, key


def exec_root() -> str:
    """The directory of the default socket: /run/hythe for root, below $XDG_RUNTIME_DIR otherwise."""
    if os.geteuid() == 0:
        return "/run/hythe"
    runtime = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.geteuid()}"
    return f"{runtime}/hythe"


def parse(host: str, tls: Tls | None = None) -> Address:
    """An address from the text of -H. Raises InvalidArgument for a scheme that is not understood."""
    scheme, separator, rest = host.partition("://")
    if not separator:
        raise InvalidArgument(
            f"invalid host {host!r}: no scheme", hint="write unix:///path/to.sock or tcp://127.0.0.1:2375"
        )
    if scheme == "unix" and rest:
        return Address(rest)
    if scheme in ("tcp", "http", "https"):
        if scheme == "https":
            tls = tls or Tls()
        name, port = _split_port(rest.rstrip("/"), host, _TLS_PORT if tls else _TCP_PORT)
        return Address("", name or "127.0.0.1", port, tls=tls)
    if scheme == "ssh":
        raise Unsupported(
            f"{host}: ssh:// is not supported",
            hint=f"forward the socket: ssh -nNTL /tmp/hythe.sock:/run/hythe/hythe.sock {rest or 'HOST'}, "
            "and then -H unix:///tmp/hythe.sock",
        )
    raise InvalidArgument(
        f"invalid host {host!r}: the scheme {scheme!r} is not supported", hint="use unix:// or tcp://"
    )


def resolve(choice: Choice | str | None = None) -> Address:
    """The address to use. A text is a host, as -H gives it."""
    if not isinstance(choice, Choice):
        choice = Choice(host=choice)
    if choice.host and choice.context:
        raise InvalidArgument("--host and --context exclude each other", hint="leave one of them out")
    tls, environ = _tls(choice), os.environ
    if choice.host:
        return parse(choice.host, tls)
    if choice.context:
        return _of_context(choice.context, choice.config)
    for name in ("HYTHE", "DOCKER"):
        if host := environ.get(f"{name}_HOST"):
            return parse(host, tls)
        if context := environ.get(f"{name}_CONTEXT"):
            return _of_context(context, choice.config)
    return _of_context(configuration.current_context(configuration.folder(choice.config)), choice.config)


def _of_context(name: str, config: str | None) -> Address:
    if name in ("", "default"):
        return Address(f"{exec_root()}/hythe.sock", default=True)
    from hythe.client.context_store import ContextStore

    store = ContextStore(configuration.folder(config))
    endpoint = store.get(name).endpoint
    if not endpoint.host:
        return Address(f"{exec_root()}/hythe.sock", default=True, context=name)
    return parse(endpoint.host, store.tls(name))._replace(context=name)


def _tls(choice: Choice) -> Tls | None:
    environ = os.environ
    verify = choice.tls_verify or bool(environ.get("DOCKER_TLS_VERIFY"))
    if not (verify or choice.tls or environ.get("DOCKER_TLS")):
        return None
    folder = environ.get("DOCKER_CERT_PATH") or configuration.folder(choice.config)
    found = (
        chosen or _there(f"{folder}/{name}.pem")
        for name, chosen in (("ca", choice.ca), ("cert", choice.cert), ("key", choice.key))
    )
    ca, cert, key = found
    return Tls(ca, cert, key if cert else "", verify)


def _there(path: str) -> str:
    return path if os.path.exists(path) else ""  # noqa: PTH110 - no pathlib in the short-lived client


def _split_port(text: str, whole: str, default: int) -> tuple[str, int]:
    if text.startswith("["):
        name, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    else:
        name, _, port = text.partition(":")
    if port and not (port.isdigit() and 0 < int(port) < 65536):
        raise InvalidArgument(f"invalid host {whole!r}: {port!r} is not a port")
    return name, int(port) if port else default
