"""What the host needs to pass on packets between its networks and the outside, for IPv4 and IPv6.

IPv6 is left alone until a network has it. When a host begins to forward IPv6 it stops to listen to routers, and would
lose its own way out (Documentation/networking/ip-sysctl.rst, accept_ra); so its interfaces that did listen are told to
go on. A daemon's range of IPv6 addresses has an unreachable route, as that of IPv4 has (`claim`): what is sent to a
container that has gone does not leave by the default route.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable
from ipaddress import IPv6Network
from pathlib import Path

from hythe.errors import Unsupported
from hythe.kernel.netlink import routes
from hythe.kernel.netlink.channel import Channel
from hythe.kernel.netlink.namespace import read_sysctl, write_sysctl
from hythe.network.claim import protocol_of
from hythe.network.model import NetworkRecord

_CONF = Path("/proc/sys/net/ipv6/conf")


def forward_ipv4() -> None:
    if read_sysctl("net/ipv4/ip_forward") != "1":
        write_sysctl("net/ipv4/ip_forward", "1")


class Ipv6:
    """IPv6 of one daemon's networks; `base` is its range."""

    def __init__(self, channel: Channel, base: IPv6Network, instance: str) -> None:
        self._channel, self._base, self._protocol = channel, base, protocol_of(instance)

    def ready(self, networks: Iterable[NetworkRecord]) -> None:
        """Have the host ready if one of them has IPv6. Raises Unsupported for a kernel that has none. Idempotent."""
        if not any(network.enable_ipv6 for network in networks):
            return
        if not _CONF.exists():
            raise Unsupported("this kernel has no IPv6", hint="leave --ipv6 out")
        self._channel.send(routes.add_unreachable(self._base, self._protocol), ignore=(errno.EEXIST,))
        if read_sysctl("net/ipv6/conf/all/forwarding") != "1":
            _go_on_listening()
            write_sysctl("net/ipv6/conf/all/forwarding", "1")

    def release(self) -> None:
        """Take the route away; that there is none is no error."""
        gone = (errno.ESRCH, errno.EAFNOSUPPORT, errno.EOPNOTSUPP)
        self._channel.send(routes.delete_unreachable(self._base, self._protocol), ignore=gone)


def _go_on_listening() -> None:
    for folder in _CONF.iterdir():
        accept = folder / "accept_ra"
        if folder.name != "all" and accept.read_text().strip() == "1":
            accept.write_text("2")
