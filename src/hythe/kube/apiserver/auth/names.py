"""Under which names and addresses the API server's certificate is valid.

kubernetes, kubernetes.default, .svc, .svc.DOMAIN    from within pods
the first address of the service network             the same, by address
localhost, 127.0.0.1, ::1, this host's name and addresses, and what the configuration adds
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Network, IPv6Network
from typing import Final

_LOCAL: Final = ("localhost", "127.0.0.1", "::1")


def server_hosts(
    services: IPv4Network | IPv6Network, domain: str, others: tuple[str, ...] = (), *, host: bool = True
) -> tuple[str, ...]:
    """Names and addresses, each once; with `host`, this machine's as well."""
    inside = (
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        f"kubernetes.default.svc.{domain}",
    )
    first = str(next(iter(services.hosts())))
    ours = _of_this_host() if host else ()
    return tuple(dict.fromkeys(name for name in (*inside, first, *_LOCAL, *ours, *others) if _usable(name)))


def _of_this_host() -> tuple[str, ...]:
    """The host's name, and the IPv4 addresses of its interfaces."""
    from hythe.kernel.netlink import addresses
    from hythe.kernel.netlink.channel import Channel

    with Channel() as channel:
        found = [str(interface.ip) for _, interface in addresses.dump(channel)]
    return (socket.gethostname(), *found)


def _usable(name: str) -> bool:
    return bool(name) and name not in ("0.0.0.0", "::") and name.isascii()
