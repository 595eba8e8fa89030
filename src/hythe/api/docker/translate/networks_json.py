"""Networks, both ways."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hythe.api.docker.types.networks import NetworkCreateRequest
from hythe.errors import InvalidArgument, Unsupported
from hythe.network.model import EndpointRecord, NetworkRecord, NetworkRequest
from hythe.wire.times import format_time


def network_request(body: NetworkCreateRequest) -> NetworkRequest:
    """Raises InvalidArgument and Unsupported."""
    if not body.name:
        raise InvalidArgument("network name cannot be empty")
    _refuse(body)
    if len(body.ipam.config) > 1:
        raise Unsupported("a network can have one subnet", hint="give one --subnet")
    pool = body.ipam.config[0] if body.ipam.config else None
    return NetworkRequest(
        name=body.name,
        driver=body.driver or "bridge",
        subnet=(pool.subnet or None) if pool else None,
        gateway=(pool.gateway or None) if pool else None,
        ip_range=(pool.ip_range or None) if pool else None,
        internal=body.internal,
        attachable=body.attachable,
        enable_ipv6=body.enable_ipv6,
        labels=body.labels,
        options=body.options,
        auxiliary=pool.auxiliary_addresses if pool else {},
    )


def _refuse(body: NetworkCreateRequest) -> None:
    if body.scope not in ("", "local") or body.ingress:
        raise Unsupported("networks of a swarm are not supported")
    if body.config_only or body.config_from.get("Network"):
        raise Unsupported("networks that hold only a configuration are not supported")
    if body.ipam.driver not in ("", "default") or body.ipam.options:
        raise Unsupported(f"the IPAM driver {body.ipam.driver!r} is not supported", hint="use default")
    if not body.enable_ipv4:
        raise Unsupported("networks without IPv4 are not supported")


def network_json(
    network: NetworkRecord, endpoints: Iterable[EndpointRecord] = (), names: dict[str, str] | None = None
) -> dict[str, Any]:
    """One network; `endpoints` only in inspect. `names` gives containers' names by id."""
    pool: dict[str, Any] = {"Subnet": network.subnet, "Gateway": network.gateway, "IPRange": network.ip_range}
    pool["AuxiliaryAddresses"] = network.auxiliary
    pool = {key: value for key, value in pool.items() if value}
    return {
        "Name": network.name,
        "Id": network.id,
        "Created": format_time(network.created),
        "Scope": "local",
        "Driver": "null" if network.driver == "none" else network.driver,
        "EnableIPv4": True,
        "EnableIPv6": network.enable_ipv6,
        "IPAM": {"Driver": "default", "Options": None, "Config": [pool] if pool else []},
        "Internal": network.internal,
        "Attachable": network.attachable,
        "Ingress": False,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": False,
        "Containers": {e.container_id: _endpoint_json(e, names or {}) for e in endpoints},
        "Options": network.options,
        "Labels": network.labels,
    }


def _endpoint_json(endpoint: EndpointRecord, names: dict[str, str]) -> dict[str, str]:
    return {
        "Name": names.get(endpoint.container_id, endpoint.container_name),
        "EndpointID": endpoint.id,
        "MacAddress": endpoint.mac,
        "IPv4Address": f"{endpoint.ipv4}/{endpoint.prefix}" if endpoint.ipv4 else "",
        "IPv6Address": "",
    }
