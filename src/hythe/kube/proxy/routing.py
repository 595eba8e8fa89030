"""The route over the services' range of addresses: that a packet for it never leaves by the default route.

It leads to the loopback interface: the kernel looks a route up before it translates what the host itself sends, so
there must be one, even on a host without a default route; and what is forwarded to it is refused, as by an unreachable
route. It is also the claim: the kernel takes one route for a prefix, so a second cluster with the same range fails.
"""

from __future__ import annotations

import errno
from ipaddress import IPv4Network

from hythe.errors import Conflict
from hythe.kernel.netlink import routes
from hythe.kernel.netlink.channel import Channel, NetlinkError
from hythe.network.claim import protocol_of

_LOOPBACK = 1
"""The index of the loopback interface, in every network namespace."""


def claim(services: IPv4Network, instance: str) -> None:
    """Have the route, in this thread's namespace. Raises Conflict if another has the range."""
    protocol = protocol_of(instance)
    with Channel() as channel:
        try:
            channel.send(routes.add_link(services, _LOOPBACK, protocol))
        except NetlinkError as error:
            if error.errno != errno.EEXIST:
                raise
            if not any(
                each.destination == services and each.protocol == protocol for each in routes.dump(channel)
            ):
                raise Conflict(
                    f"another cluster or route of this machine has the range {services}",
                    hint="give this one another --service-cidr",
                ) from error


def release(services: IPv4Network, instance: str) -> None:
    """Have the route gone; that it is not there is no error."""
    with Channel() as channel:
        channel.send(routes.delete_link(services, _LOOPBACK, protocol_of(instance)), ignore=(errno.ESRCH,))
