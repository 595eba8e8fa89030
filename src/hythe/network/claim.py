"""Claiming a range of addresses for this daemon by an unreachable route over it.

The route does two jobs. A packet for a container that has gone meets it instead of the default route, so it
never leaves the host. And it is the claim: the kernel refuses a second route for the same prefix, so two
daemons that start at the same instant cannot choose the same range, without any file or lock between them.
The route's `protocol` byte is made from the instance, by which a daemon knows its own route again.
"""

from __future__ import annotations

import errno
import zlib
from ipaddress import IPv4Network

from hythe.errors import NoSpace
from hythe.kernel.netlink import routes
from hythe.kernel.netlink.channel import Channel, NetlinkError
from hythe.network.pool import bases
from hythe.network.registry import Registry

_FIRST_PROTOCOL, _PROTOCOLS = 64, 120  # above what rtnetlink.h and routing daemons use, below 186 (BGP)


def protocol_of(instance: str) -> int:
    return _FIRST_PROTOCOL + zlib.crc32(instance.encode()) % _PROTOCOLS


def claim_base(channel: Channel, registry: Registry, pool: IPv4Network, instance: str) -> IPv4Network:
    """The daemon's range: the recorded one if it still is (or can be) ours, else the first that is free."""
    protocol = protocol_of(instance)
    present = routes.dump(channel)
    recorded = registry.base()
    if recorded is not None:
        base = IPv4Network(recorded)
        if any(r.destination == base and r.unreachable and r.protocol == protocol for r in present):
            return base
        if base.subnet_of(pool) and _claim(channel, base, protocol):
            return base
    for base in bases(pool, [route.destination for route in present]):
        registry.put_base(str(base))
        if _claim(channel, base, protocol):
            return base
    raise NoSpace(
        f"every range of addresses in {pool} is in use by a route of this host",
        hint="give the daemon another address pool",
    )


def _claim(channel: Channel, base: IPv4Network, protocol: int) -> bool:
    try:
        channel.send(routes.add_unreachable(base, protocol))
    except NetlinkError as error:
        if error.errno == errno.EEXIST:
            return False
        raise
    return True


def release_base(channel: Channel, base: IPv4Network, instance: str) -> None:
    channel.send(routes.delete_unreachable(base, protocol_of(instance)), ignore=(errno.ESRCH,))
