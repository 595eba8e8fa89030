"""Networks, both ways."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hythe.api.docker.types.networks import IpamPool, NetworkCreateRequest
from hythe.errors import InvalidArgument, Unsupported
from hythe.network.model import EndpointRecord, NetworkRecord, NetworkRequest
from hythe.wire.times import format_time


def network_request(body: NetworkCreateRequest) -> NetworkRequest:
    """Raises InvalidArgument and Unsupported."""
    if not body.name:
        raise InvalidArgument("network name cannot be empty")
    _refuse(body)
    pool, pool6 = _pools(body.ipam.config)
    return NetworkRequest(
        name=body.name,
        driver=body.driver or "bridge",
        subnet=pool.subnet or None,
        gateway=pool.gateway or None,
        ip_range=pool.ip_range or None,
        internal=body.internal,
        attachable=body.attachable,
        enable_ipv6=body.enable_ipv6 or pool6.subnet != "",  # dockerd forgets a subnet that is given alone
        subnet6=pool6.subnet or None,
        gateway6=pool6.gateway or None,
        ip_range6=pool6.ip_range or None,
        labels=body.labels,
        options=body.options,
        auxiliary=pool.auxiliary_addresses | pool6.auxiliary_addresses,
    )


def _pools(config: list[IpamPool]) -> tuple[IpamPool, IpamPool]:
    """That of IPv4 and that of IPv6, empty ones where nothing is said. Raises Unsupported for several."""
    six = [pool for pool in config if ":" in (pool.subnet or pool.gateway)]
    four = [pool for pool in config if pool not in six]
    if len(four) > 1 or len(six) > 1:
        raise Unsupported("a network can have one subnet", hint="give one --subnet, and one of IPv6")
    return (four or [IpamPool()])[0], (six or [IpamPool()])[0]


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
    pools = [
        _pool(network.subnet, network.gateway, network.ip_range, _of(network.auxiliary, six=False)),
        _pool(network.subnet6, network.gateway6, network.ip_range6, _of(network.auxiliary, six=True)),
    ]
    return {
        "Name": network.name,
        "Id": network.id,
        "Created": format_time(network.created),
        "Scope": "local",
        "Driver": "null" if network.driver == "none" else network.driver,
        "EnableIPv4": True,
        "EnableIPv6": network.enable_ipv6,
        "IPAM": {"Driver": "default", "Options": None, "Config": [pool for pool in pools if pool]},
        "Internal": network.internal,
        "Attachable": network.attachable,
        "Ingress": False,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": False,
        "Containers": {e.container_id: _endpoint_json(e, names or {}) for e in endpoints},
        "Options": network.options,
        "Labels": network.labels,
    }


def _pool(subnet: str, gateway: str, ip_range: str, auxiliary: dict[str, str]) -> dict[str, Any]:
    pool = {"Subnet": subnet, "Gateway": gateway, "IPRange": ip_range, "AuxiliaryAddresses": auxiliary}
    return {key: value for key, value in pool.items() if value}


def _of(auxiliary: dict[str, str], *, six: bool) -> dict[str, str]:
    return {name: address for name, address in auxiliary.items() if (":" in address) is six}


def _endpoint_json(endpoint: EndpointRecord, names: dict[str, str]) -> dict[str, str]:
    return {
        "Name": names.get(endpoint.container_id, endpoint.container_name),
        "EndpointID": endpoint.id,
        "MacAddress": endpoint.mac,
        "IPv4Address": f"{endpoint.ipv4}/{endpoint.prefix}" if endpoint.ipv4 else "",
        "IPv6Address": f"{endpoint.ipv6}/{endpoint.prefix6}" if endpoint.ipv6 else "",
    }
