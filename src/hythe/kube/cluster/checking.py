"""Everything that can be wrong with what the flags say, found before anything is made."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network
from typing import Any, Final

from hythe.errors import InvalidArgument
from hythe.kube.cluster.settings import Settings
from hythe.kube.cluster.tokens import parse

_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?")
_PORTS: Final = range(1, 65536)
_SMALLEST: Final = 24


def check(wanted: dict[str, Any]) -> dict[str, Any]:
    """The same, ranges in their usual form; what was not said is None. Raises InvalidArgument."""
    checked = dict(wanted)
    for key in ("service_cidr", "cluster_cidr"):
        if wanted.get(key):
            checked[key] = network(_flag(key), wanted[key])
    for key in ("node_ip", "bind"):
        if wanted.get(key):
            _address(_flag(key), wanted[key])
    name, port = wanted.get("node_name"), wanted.get("port")
    if name and not _NAME.fullmatch(name):
        raise InvalidArgument(
            f"invalid --node-name {name!r}", hint="use lower case letters, digits, '-' and '.', at most 63"
        )
    if port is not None and port not in _PORTS:
        raise InvalidArgument(f"invalid --port {port}", hint="1 to 65535")
    if wanted.get("token"):
        parse(wanted["token"])
    if wanted.get("cri") and not str(wanted["cri"]).startswith("unix:///"):
        raise InvalidArgument(f"invalid --cri {wanted['cri']!r}", hint="write unix:///PATH")
    return checked


def check_together(settings: Settings) -> None:
    """Raises InvalidArgument for ranges that overlap, and an address of the node in one of them."""
    services, pods = IPv4Network(settings.service_cidr), IPv4Network(settings.cluster_cidr)
    if services.overlaps(pods):
        raise InvalidArgument(f"services ({services}) and pods ({pods}) cannot have the same addresses")
    for what, found in (("services", services), ("pods", pods)):
        if IPv4Address(settings.node_ip) in found:
            raise InvalidArgument(
                f"{settings.node_ip}, the node's address, is in the range of {what}, {found}"
            )


def network(flag: str, text: str) -> str:
    """A range of IPv4 addresses in its usual form. Raises InvalidArgument."""
    try:
        found = IPv4Network(text)
    except ValueError as error:
        raise InvalidArgument(
            f"invalid {flag} {text!r}: {error}", hint="write such as 10.96.0.0/16"
        ) from error
    if found.prefixlen > _SMALLEST:
        raise InvalidArgument(f"{flag} {text} is too small", hint=f"use /{_SMALLEST} or a shorter prefix")
    return str(found)


def _address(flag: str, text: str) -> None:
    try:
        IPv4Address(text)
    except ValueError as error:
        raise InvalidArgument(
            f"invalid {flag} {text!r}: {error}", hint="an IPv4 address is needed"
        ) from error


def _flag(key: str) -> str:
    return "--" + key.replace("_", "-")
