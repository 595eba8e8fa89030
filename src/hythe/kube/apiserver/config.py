"""What a server is told: where it keeps things, where it listens, which addresses and ports are its to give.

Values only; the command line that fills them in is elsewhere, and nothing here reads a file or the environment.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Final

_SERVICES: Final = IPv4Network("10.96.0.0/16")
SOCKET: Final = "apiserver.sock"
MAX_BODY: Final = 3 * 1024 * 1024
"""Bytes of a request's body, as the real one limits them."""


@dataclass(frozen=True, slots=True)
class Config:
    """One server.

    `data_dir`: certificates and the unix socket, private to its owner. `address`: where the TLS port listens;
    `advertise`: under which address others find it (and what the `kubernetes` service leads to). `port` 0 takes a
    free one. `service_cidr`: addresses of services, the first of which is the server's own. `node_ports`: the range,
    its last included.
    """

    data_dir: Path
    address: str = "127.0.0.1"
    advertise: str = "127.0.0.1"
    port: int = 6443
    service_cidr: IPv4Network | IPv6Network = _SERVICES
    node_ports: tuple[int, int] = (30000, 32767)
    cluster_domain: str = "cluster.local"
    names: tuple[str, ...] = ()

    @property
    def socket(self) -> Path:
        """The unix socket whose clients are `system:masters`."""
        return self.data_dir / SOCKET
