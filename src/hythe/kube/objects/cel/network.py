"""Kubernetes' functions for addresses, networks and URLs in CEL.

Source: apiserver, pkg/cel/library/ip.go, cidr.go and urls.go.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import SplitResult, parse_qs, urlsplit

from hythe.kube.objects.cel.library import Function, tests
from hythe.kube.objects.cel.values import EvaluationError, no_overload

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def to_ip(value: Any) -> Address:
    if isinstance(value, (ipaddress.IPv4Network, ipaddress.IPv6Network)):
        return value.network_address
    try:
        if not isinstance(value, str) or "%" in value or value.lower().startswith("::ffff:"):
            raise ValueError(value)
        return ipaddress.ip_address(value)
    except ValueError:
        raise EvaluationError(f'IP Address "{value}" parse error during conversion from string') from None


def to_cidr(value: Any) -> Network:
    try:
        if not isinstance(value, str) or "/" not in value:
            raise ValueError(value)
        return ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise EvaluationError(
            f'network address parse error during conversion from string: "{value}"'
        ) from None


def _of(kinds: tuple[type, ...], name: str, function: Callable[..., Any]) -> Function:
    """A function whose first argument must be of some types of Python's."""

    def checked(one: Any, *others: Any) -> Any:
        if not isinstance(one, kinds):
            raise no_overload(name)
        return function(one, *others)

    return checked


_IPS: Final = (ipaddress.IPv4Address, ipaddress.IPv6Address)
_CIDRS: Final = (ipaddress.IPv4Network, ipaddress.IPv6Network)


def _contains_ip(network: Any, address: Any) -> bool:
    return (to_ip(address) if isinstance(address, str) else address) in network


def _contains_cidr(network: Any, other: Any) -> bool:
    other = to_cidr(other) if isinstance(other, str) else other
    return bool(network.version == other.version and other.subnet_of(network))


def to_url(value: Any) -> SplitResult:
    if not isinstance(value, str):
        raise no_overload("url")
    try:
        found = urlsplit(value)
        _ = found.port  # raises for one that is no number
        good = bool(found.scheme) or value.startswith("/")
    except ValueError:
        good = False
    if not good:
        raise EvaluationError(f'URL parse error during conversion from string: parse "{value}": invalid URI')
    return found


def _host(url: SplitResult) -> str:
    return url.netloc.rpartition("@")[2]


NETWORK: Final[dict[str, Function]] = {
    "ip": to_ip, "isIP": tests("isIP", to_ip), "cidr": to_cidr, "isCIDR": tests("isCIDR", to_cidr),
    "family": _of(_IPS, "family", lambda one: one.version),
    "isUnspecified": _of(_IPS, "isUnspecified", lambda one: one.is_unspecified),
    "isLoopback": _of(_IPS, "isLoopback", lambda one: one.is_loopback),
    "isLinkLocalMulticast": _of(
        _IPS, "isLinkLocalMulticast", lambda one: one in ipaddress.ip_network("224.0.0.0/24")
        if one.version == 4 else one in ipaddress.ip_network("ff02::/16")
    ),
    "isLinkLocalUnicast": _of(_IPS, "isLinkLocalUnicast", lambda one: one.is_link_local),
    "isGlobalUnicast": _of(
        _IPS, "isGlobalUnicast",
        lambda one: not (one.is_multicast or one.is_loopback or one.is_link_local or one.is_unspecified),
    ),
    "ip.isCanonical": lambda text: str(to_ip(text)) == text,
    "containsIP": _of(_CIDRS, "containsIP", _contains_ip),
    "containsCIDR": _of(_CIDRS, "containsCIDR", _contains_cidr),
    "prefixLength": _of(_CIDRS, "prefixLength", lambda one: one.prefixlen),
    "masked": _of(_CIDRS, "masked", lambda one: one),
    "url": to_url, "isURL": tests("isURL", to_url),
    "getScheme": _of((SplitResult,), "getScheme", lambda one: one.scheme),
    "getHost": _of((SplitResult,), "getHost", _host),
    "getHostname": _of((SplitResult,), "getHostname", lambda one: one.hostname or ""),
    "getPort": _of((SplitResult,), "getPort", lambda one: str(one.port or "")),
    "getEscapedPath": _of((SplitResult,), "getEscapedPath", lambda one: one.path),
    "getQuery": _of((SplitResult,), "getQuery", lambda one: parse_qs(one.query, keep_blank_values=True)),
}  # fmt: skip
