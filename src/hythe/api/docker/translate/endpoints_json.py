"""NetworkSettings: the addresses and ports that a container has now."""

from __future__ import annotations

from typing import Any

from hythe.api.docker.translate import ports
from hythe.base.ids import short
from hythe.engine.model import Container, Endpoint, EndpointRequest

DEFAULT_NETWORK = "bridge"


def network_settings(container: Container) -> dict[str, Any]:
    """As `inspect` shows it. The unnamed addresses are those of the default network, as in Docker."""
    first = container.endpoints.get(DEFAULT_NETWORK) or Endpoint("", "", EndpointRequest())
    pid = container.state.pid
    return {
        "Bridge": "",
        "SandboxID": container.id if pid else "",
        "SandboxKey": f"/proc/{pid}/ns/net" if pid else "",
        "Ports": ports.bound(container),
        "HairpinMode": False,
        "LinkLocalIPv6Address": "",
        "LinkLocalIPv6PrefixLen": 0,
        "SecondaryIPAddresses": None,
        "SecondaryIPv6Addresses": None,
        "EndpointID": first.endpoint_id,
        "Gateway": first.gateway,
        "GlobalIPv6Address": first.ipv6,
        "GlobalIPv6PrefixLen": first.prefix6,
        "IPAddress": first.ipv4,
        "IPPrefixLen": first.prefix,
        "IPv6Gateway": first.gateway6,
        "MacAddress": first.mac,
        "Networks": networks(container),
    }


def networks(container: Container) -> dict[str, Any]:
    """By name. A container on the host's network, or on none, shows that network without an address."""
    mode = container.spec.host.network_mode
    if mode in ("host", "none") and not container.endpoints:
        return {mode: endpoint_json(container, Endpoint("", mode, EndpointRequest()))}
    return {name: endpoint_json(container, endpoint) for name, endpoint in container.endpoints.items()}


def endpoint_json(container: Container, endpoint: Endpoint) -> dict[str, Any]:
    """One EndpointSettings: what was asked for and what came of it."""
    request = endpoint.request
    named = endpoint.network_name not in (DEFAULT_NETWORK, "host", "none")
    names = [container.name, *request.aliases, short(container.id)] if named else []
    return {
        "IPAMConfig": _ipam(request),
        "Links": request.links or None,
        "Aliases": request.aliases or None,
        "MacAddress": endpoint.mac or request.mac or "",
        "DriverOpts": request.driver_options or None,
        "GwPriority": 0,
        "NetworkID": endpoint.network_id,
        "EndpointID": endpoint.endpoint_id,
        "Gateway": endpoint.gateway,
        "IPAddress": endpoint.ipv4,
        "IPPrefixLen": endpoint.prefix,
        "IPv6Gateway": endpoint.gateway6,
        "GlobalIPv6Address": endpoint.ipv6,
        "GlobalIPv6PrefixLen": endpoint.prefix6,
        "DNSNames": list(dict.fromkeys(names)) or None,
    }


def _ipam(request: EndpointRequest) -> dict[str, Any] | None:
    if not request.ipv4 and not request.ipv6 and not request.link_local:
        return None
    found = {
        "IPv4Address": request.ipv4,
        "IPv6Address": request.ipv6,
        "LinkLocalIPs": request.link_local,
    }
    return {key: value for key, value in found.items() if value}
