"""What the network layer knows, as values: records kept in the database, and requests.

Addresses are strings in these records because that is what they are in the database and in the API; inside
the layer they are `ipaddress` objects. Times are nanoseconds since the epoch.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Driver = Literal["bridge", "host", "none"]
DEFAULT_NETWORK = "bridge"
PREDEFINED = ("bridge", "host", "none")


class NetworkRequest(Struct):
    """A network asked for. `subnet`, `ip_range` as "10.1.0.0/24"; None lets hythe choose. Those with 6 are IPv6's."""

    name: str
    driver: str = "bridge"
    subnet: str | None = None
    gateway: str | None = None
    ip_range: str | None = None
    internal: bool = False
    attachable: bool = False
    enable_ipv6: bool = False
    subnet6: str | None = None
    gateway6: str | None = None
    ip_range6: str | None = None
    labels: dict[str, str] = {}
    options: dict[str, str] = {}
    auxiliary: dict[str, str] = {}
    """Addresses of the subnets that containers do not get, by what they are for."""


class NetworkRecord(Struct):
    """A network. `subnet`, `gateway` and `bridge` (an interface's name) are "" for the drivers host and none; what
    has a 6 in its name is IPv6's, "" without `enable_ipv6`.

    `automatic` says that hythe chose the subnet and may choose another while nothing is connected.
    """

    id: str
    name: str
    driver: Driver
    created: int
    labels: dict[str, str] = {}
    options: dict[str, str] = {}
    internal: bool = False
    attachable: bool = False
    enable_ipv6: bool = False
    subnet: str = ""
    gateway: str = ""
    ip_range: str = ""
    bridge: str = ""
    ingress: bool = False
    automatic: bool = True
    auxiliary: dict[str, str] = {}
    subnet6: str = ""
    gateway6: str = ""
    ip_range6: str = ""


class EndpointRecord(Struct):
    """A container's place on one network: `interface` inside it, `host_interface` on the bridge.

    `pid` is the process whose network namespace holds it; `gateway` is "" on internal networks. `links`: names that
    it alone has for others, by alias; `link_local`: further addresses, for neighbours on the same network.
    """

    id: str
    network_id: str
    container_id: str
    container_name: str
    interface: str
    host_interface: str
    ipv4: str
    prefix: int
    gateway: str
    mac: str
    names: list[str]
    pid: int
    default_route: bool = False
    links: dict[str, str] = {}
    link_local: list[str] = []
    ipv6: str = ""
    prefix6: int = 0
    gateway6: str = ""


class PortRequest(Struct, frozen=True):
    """Publish `container_port`/`protocol` on `host_ip` ("" = every address).

    `host_port` 0 lets the kernel choose; with `host_port_end` the first free one of the range is taken.
    """

    container_port: int
    protocol: str = "tcp"
    host_ip: str = ""
    host_port: int = 0
    host_port_end: int = 0


class PortBound(Struct, frozen=True):
    """A published port as it stands."""

    container_port: int
    protocol: str
    host_ip: str
    host_port: int


class PublishedRecord(Struct):
    """All published ports of one container, and the container's address that they lead to."""

    container_id: str
    container_name: str
    ipv4: str
    ports: list[PortBound]


class PoolRecord(Struct):
    """The range of addresses that this daemon has claimed on this host."""

    base: str
