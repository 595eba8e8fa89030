"""Where the API listens: unix sockets for the group, tcp only where it is safe.

Whoever may write to the socket is root on this host, so a unix socket gets mode 0660 and the group that was named, or
"hythe" or "docker" where there is one. tcp wants certificates of both sides; without, only loopback can be had, and
only by --tcp-without-tls, since every user of this machine and every container on its network comes in there.
A socket file left behind by a daemon that was killed is removed, one on which somebody answers is not.
"""

from __future__ import annotations

import errno
import grp
import ipaddress
import os
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from hythe.base.sockets import Bind, bound
from hythe.daemon.config import Config
from hythe.errors import Conflict, Denied, InvalidArgument, SystemProblem, Unsupported
from hythe.kernel.usernamespaces import initial

GROUPS: Final = ("hythe", "docker")
MODE: Final = 0o660
MAX_PATH: Final = 107
DEFAULT_PORT: Final = 2375
BACKLOG: Final = 4096
"""Clients that may wait to be let in. A client that connects without blocking, as Go's do, is told EAGAIN when there
are more (connect(2)); the kernel cuts it down to its somaxconn.
"""


@dataclass(frozen=True)
class Address:
    """A parsed -H: a path, or host and port."""

    text: str
    path: Path | None = None
    host: str = ""
    port: int = 0


def parse(text: str) -> Address:
    """ "unix:///run/hythe/hythe.sock", "tcp://127.0.0.1:2375". Raises InvalidArgument."""
    if text.startswith("unix://"):
        path = Path(text.removeprefix("unix://"))
        if not path.is_absolute() or len(bytes(path)) > MAX_PATH:
            raise InvalidArgument(
                f"invalid host {text!r}", hint=f"unix:// and an absolute path of at most {MAX_PATH} bytes"
            )
        return Address(text, path=path)
    if text.startswith("tcp://"):
        parts = urlsplit(text)
        try:
            port = DEFAULT_PORT if parts.port is None else parts.port
        except ValueError as error:
            raise InvalidArgument(f"invalid host {text!r}: {error}") from error
        if parts.path not in ("", "/"):
            raise InvalidArgument(f"invalid host {text!r}: a path is not allowed here")
        return Address(text, host=parts.hostname or "127.0.0.1", port=port)
    if text.startswith(("fd://", "npipe://", "ssh://")):
        raise Unsupported(f"the host {text!r} is of a kind that is not supported", hint="use unix://PATH")
    raise InvalidArgument(f"invalid host {text!r}", hint="write unix:///PATH or tcp://ADDRESS:PORT")


def open_socket(address: Address, config: Config, bind: Bind = bound) -> socket.socket:
    """A listening socket; the caller closes it, and removes the file of a unix one. `bind` takes the port for tcp."""
    if address.path is not None:
        return _open_unix(address.path, config.group)
    return _open_tcp(address, config, bind)


def _open_unix(path: Path, group: str | None) -> socket.socket:
    owner = group_of(group)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        _clear_stale(path)
        # The mask, not a later chmod: there is no moment at which others may connect.
        before = os.umask(0o777 & ~MODE)
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        if owner is not None:
            os.chown(path, -1, owner)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise SystemProblem(f"cannot listen on {path}: {error.strerror}") from error
    except BaseException:
        listener.close()
        raise
    return listener


def _clear_stale(path: Path) -> None:
    """Remove a socket on which nobody listens. Raises Conflict where somebody does, or it is no socket."""
    if not path.exists():
        return
    if not path.is_socket():
        raise Conflict(f"cannot listen on {path}: there is a file of that name that is no socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
        except TimeoutError:
            pass
    raise Conflict(f"somebody listens on {path} already", hint="stop it, or give another -H")


def group_of(name: str | None) -> int | None:
    """The group for unix sockets: the one named, or the first of GROUPS that there is. Raises InvalidArgument."""
    if not initial():
        if name is not None:
            raise InvalidArgument("an ordinary user's socket is that user's own", hint="leave --group out")
        return None
    for each in GROUPS if name is None else (name,):
        try:
            group = grp.getgrnam(each).gr_gid
        except KeyError:
            continue
        return group if os.geteuid() == 0 or group in os.getgroups() else None
    if name is not None:
        raise InvalidArgument(f"there is no group {name!r} for the socket", hint=f"groupadd {name}")
    return None


def _open_tcp(address: Address, config: Config, bind: Bind) -> socket.socket:
    allowed = config.tcp_without_tls and _is_loopback(address.host)
    if config.tls_cert is None and not allowed:
        raise Denied(
            f"refusing to listen on {address.text} without TLS: whoever reaches it would be root here",
            hint="give --tls-cert, --tls-key and --tls-ca, or listen on 127.0.0.1 with --tcp-without-tls",
        )
    return open_port(
        "127.0.0.1" if address.host == "localhost" else address.host, address.port, address.text, bind
    )


def open_port(host: str, port: int, text: str, bind: Bind) -> socket.socket:
    """A listening socket on an address; `text` is how it was asked for."""
    try:
        return bind(host, "tcp", port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Conflict(f"cannot listen on {text}: the port is in use") from error
        raise SystemProblem(f"cannot listen on {text}: {error.strerror}") from error


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def tls_context(config: Config) -> ssl.SSLContext | None:
    """For tcp: clients must show a certificate of `tls_ca`. None without a certificate of our own."""
    if config.tls_cert is None or config.tls_key is None:
        return None
    if config.tls_ca is None:
        raise InvalidArgument("tls-ca is missing: without it every client would be let in")
    try:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=config.tls_ca)
        context.load_cert_chain(config.tls_cert, config.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise InvalidArgument(f"cannot use the certificates: {error}") from error
    context.verify_mode = ssl.CERT_REQUIRED
    return context
