"""From a request for a network to its record: every rule that can refuse it. Pure, but for clock and id.

The rules and messages are Docker's where a client may rely on them. What Docker's bridge driver has and hythe
has not (yet) is refused by name.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network

from hythe.base.ids import new_id
from hythe.errors import Conflict, Denied, InvalidArgument, NotFound, Unsupported
from hythe.network.model import PREDEFINED, NetworkRecord, NetworkRequest
from hythe.network.pool import (
    check_overlap,
    free_subnet,
    free_subnet6,
    parse_address,
    parse_subnet,
    parse_subnet6,
)

Network = IPv4Network | IPv6Network

MTU_OPTION = "com.docker.network.driver.mtu"
HAIRPIN_OPTION = "hythe.network.hairpin"
"""Every container of the network can be sent what it sent: pods reach themselves through a service's address."""
_NAME = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9_. -]*[a-zA-Z0-9_.-])?")
_HARMLESS = {
    "com.docker.network.bridge.enable_icc": "true",
    "com.docker.network.bridge.enable_ip_masquerade": "true",
    "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
    "com.docker.network.enable_ipv6": "false",
}
"""Options of Docker's bridge driver that may be given with the one value that hythe always has."""


def check_request(request: NetworkRequest, existing: Iterable[NetworkRecord]) -> None:
    """Everything that can be wrong with a request but its addresses."""
    if not _NAME.fullmatch(request.name):
        raise InvalidArgument(
            f"invalid network name: {request.name!r}",
            hint="use letters, digits, '_', '.', '-' and spaces within",
        )
    if request.name in PREDEFINED:
        raise Denied(f"operation is not permitted on predefined {request.name} network")
    if any(record.name == request.name for record in existing):
        raise Conflict(f"network with name {request.name} already exists")
    if request.driver in ("host", "none", "null"):
        raise Denied(f"only one instance of {request.driver!r} network is allowed")
    if request.driver not in ("", "default", "bridge"):
        raise NotFound(f'plugin "{request.driver}" not found', hint="the network driver to use is bridge")
    if not request.enable_ipv6 and (request.subnet6 or request.gateway6 or request.ip_range6):
        raise InvalidArgument("the network has an IPv6 subnet, but no IPv6", hint="enable IPv6 too: --ipv6")
    for key, value in request.options.items():
        _check_option(key, value)


def _check_option(key: str, value: str) -> None:
    if key == MTU_OPTION:
        if not value.isdecimal() or not 68 <= int(value) <= 65535:
            raise InvalidArgument(f"invalid value {value!r} of network option {key}", hint="68 to 65535")
    elif key == HAIRPIN_OPTION:
        if value not in ("true", "false"):
            raise InvalidArgument(f"invalid value {value!r} of network option {key}", hint="true or false")
    elif _HARMLESS.get(key) != value.lower():
        raise Unsupported(f"network option {key}={value} is not supported", hint="leave the option out")


def plan(
    request: NetworkRequest,
    *,
    base: IPv4Network,
    base6: IPv6Network,
    bridge: str,
    networks: Sequence[NetworkRecord],
    routes: Iterable[IPv4Network],
) -> NetworkRecord:
    """The record of a bridge network. `routes` are the host's, without those that hythe made itself."""
    known = [(IPv4Network(record.subnet), f"network {record.name}") for record in networks if record.subnet]
    known += [(route, "a route of this host") for route in routes]
    automatic = request.subnet is None
    if request.subnet is None:
        of_four = [each for each in request.auxiliary.values() if ":" not in each]
        if request.gateway or request.ip_range or of_four:
            raise InvalidArgument(
                "a gateway, a range or a single address needs a subnet", hint="give --subnet too"
            )
        subnet = free_subnet(base, [network for network, _ in known if network.prefixlen > base.prefixlen])
    else:
        subnet = parse_subnet(request.subnet)
        check_overlap(subnet, known)
    subnet6 = _subnet6(request, base6, networks) if request.enable_ipv6 else None
    return NetworkRecord(
        id=new_id(),
        name=request.name,
        driver="bridge",
        created=time.time_ns(),
        labels=dict(request.labels),
        options=dict(request.options),
        internal=request.internal,
        attachable=request.attachable,
        enable_ipv6=request.enable_ipv6,
        subnet=str(subnet),
        gateway=_gateway(request.gateway, subnet),
        ip_range=_range(request.ip_range, subnet),
        bridge=bridge,
        automatic=automatic,
        auxiliary=_auxiliary(request, [subnet, *([subnet6] if subnet6 else [])]),
        subnet6=str(subnet6 or ""),
        gateway6=_gateway(request.gateway6, subnet6) if subnet6 else "",
        ip_range6=_range(request.ip_range6, subnet6) if subnet6 else "",
    )


def _subnet6(request: NetworkRequest, base: IPv6Network, networks: Iterable[NetworkRecord]) -> IPv6Network:
    known = [(IPv6Network(record.subnet6), f"network {record.name}") for record in networks if record.subnet6]
    if request.subnet6 is None:
        if request.gateway6 or request.ip_range6:
            raise InvalidArgument("an IPv6 gateway or range needs a subnet", hint="give --subnet too")
        return free_subnet6(base, [network for network, _ in known])
    subnet = parse_subnet6(request.subnet6)
    check_overlap(subnet, known)
    return subnet


def _auxiliary(request: NetworkRequest, subnets: Sequence[Network]) -> dict[str, str]:
    for name, text in request.auxiliary.items():
        address = parse_address(text, f"auxiliary address {name}", 6 if ":" in text else 4)
        if not any(address in subnet for subnet in subnets):
            places = " and ".join(map(str, subnets))
            raise InvalidArgument(f"no matching subnet for aux-address {text}: {places} does not have it")
    return dict(request.auxiliary)


def _gateway(wanted: str | None, subnet: Network) -> str:
    if wanted is None:
        return str(subnet.network_address + 1)
    gateway = parse_address(wanted, "gateway", subnet.version)
    if gateway not in subnet or gateway in (subnet.network_address, subnet.broadcast_address):
        raise InvalidArgument(f"gateway {gateway} is not an address of subnet {subnet}")
    return str(gateway)


def _range(wanted: str | None, subnet: Network) -> str:
    if wanted is None:
        return ""
    span = _span(wanted)
    if not (span.network_address in subnet and span.broadcast_address in subnet):
        raise InvalidArgument(f"address range {span} is not part of subnet {subnet}")
    return str(span)


def _span(text: str) -> Network:
    """A range of addresses; unlike a subnet it may be as small as one."""
    try:
        return ip_network(text)
    except ValueError as error:
        raise InvalidArgument(f"invalid address range {text!r}: {error}") from error
