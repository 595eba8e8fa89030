"""Bodies of /networks."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field


class EndpointIpam(Struct, rename="pascal"):
    ipv4_address: str = field(name="IPv4Address", default="")
    ipv6_address: str = field(name="IPv6Address", default="")
    link_local_ips: list[str] = field(name="LinkLocalIPs", default_factory=list)


class EndpointConfig(Struct, rename="pascal"):
    """How a container is to be connected to one network."""

    ipam_config: EndpointIpam = field(name="IPAMConfig", default_factory=EndpointIpam)
    aliases: list[str] = []
    links: list[str] = []
    mac_address: str = ""
    driver_opts: dict[str, str] = {}


class IpamPool(Struct, rename="pascal"):
    subnet: str = ""
    ip_range: str = field(name="IPRange", default="")
    gateway: str = ""
    auxiliary_addresses: dict[str, str] = field(name="AuxiliaryAddresses", default_factory=dict)


class Ipam(Struct, rename="pascal"):
    driver: str = ""
    options: dict[str, str] = {}
    config: list[IpamPool] = []


class NetworkCreateRequest(Struct, rename="pascal"):
    name: str = ""
    driver: str = ""
    scope: str = ""
    ipam: Ipam = field(name="IPAM", default_factory=Ipam)
    internal: bool = False
    attachable: bool = False
    ingress: bool = False
    config_only: bool = False
    config_from: dict[str, Any] = {}
    enable_ipv4: bool = field(name="EnableIPv4", default=True)
    enable_ipv6: bool = field(name="EnableIPv6", default=False)
    options: dict[str, str] = {}
    labels: dict[str, str] = {}


class ConnectRequest(Struct, rename="pascal"):
    container: str = ""
    endpoint_config: EndpointConfig = field(default_factory=EndpointConfig)


class DisconnectRequest(Struct, rename="pascal"):
    container: str = ""
    force: bool = False
