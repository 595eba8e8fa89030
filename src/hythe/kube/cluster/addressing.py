"""Choosing what a new cluster needs of this machine: two ranges of addresses, a port, the node's address and name.

Clusters stand side by side, so nothing is fixed: ranges are the first that no route of this machine touches, the port
the first that is free from 6443 on. What was chosen is kept (`settings.py`); flags win over all of it.
"""

from __future__ import annotations

import errno
import secrets
import socket
import string
from ipaddress import IPv4Network
from typing import Final

from hythe.base.ids import random_hex
from hythe.errors import Conflict, NoSpace, Unavailable
from hythe.kernel.netlink import addresses, routes
from hythe.kernel.netlink.channel import Channel
from hythe.network.pool import bases

SERVICES: Final = IPv4Network("10.96.0.0/12")
PODS: Final = IPv4Network("10.240.0.0/12")
FIRST_PORT: Final = 6443
_PORTS: Final = 200
_NOWHERE: Final = ("192.0.2.1", 9)
"""Nothing is sent there: connecting a UDP socket only asks which way it would go (RFC 5737)."""
_LETTERS: Final = string.ascii_lowercase + string.digits


def free_range(pool: IPv4Network) -> str:
    """A /16 of `pool` that no route touches. Raises NoSpace."""
    with Channel() as channel:
        taken = [route.destination for route in routes.dump(channel)]
    for base in bases(pool, taken):
        return str(base)
    raise NoSpace(f"every range of addresses in {pool} is in use by a route of this machine")


def free_port(bind: str) -> int:
    """From FIRST_PORT on. Raises Conflict."""
    for port in range(FIRST_PORT, FIRST_PORT + _PORTS):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((bind, port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                continue
            return port
    raise Conflict(
        f"no port from {FIRST_PORT} to {FIRST_PORT + _PORTS - 1} is free", hint="give one: --port N"
    )


def node_address() -> str:
    """The address that packets to elsewhere would have; else the first that is not loopback's. Raises Unavailable."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_NOWHERE)
            found: str = probe.getsockname()[0]
        except OSError:
            found = ""
    if found and not found.startswith("127."):
        return found
    with Channel() as channel:
        for _, interface in addresses.dump(channel):
            if not interface.ip.is_loopback:
                return str(interface.ip)
    raise Unavailable(
        "this machine has no address but loopback's, and pods could not reach the API server there",
        hint="give an interface an address, or name one: --node-ip ADDRESS",
    )


def node_name() -> str:
    """This machine's name as Kubernetes takes names: lower case, letters, digits, dots and dashes."""
    name = "".join(each if each in _LETTERS + "-." else "-" for each in socket.gethostname().lower())
    return name.strip("-.")[:63].strip("-.") or "node"


def new_id() -> str:
    """Part of names of interfaces, tables and folders."""
    return random_hex(6)


def new_token() -> str:
    """In the form of Kubernetes' bootstrap tokens, ID.SECRET."""
    return ".".join("".join(secrets.choice(_LETTERS) for _ in range(length)) for length in (6, 16))
