"""Published ports: "[ADDRESS:][HOST[-END]:]PORT[-END][/PROTOCOL]" -> PortBindings and ExposedPorts.

Ranges on both sides must be of one length; a host range with one container port means "one of these".
Source: docker's go-connections nat.ParsePortSpec; documentation of `docker run -p`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from hythe.errors import InvalidArgument

_PROTOCOLS: Final = ("tcp", "udp", "sctp")
_HINT: Final = "write HOST:CONTAINER, such as 8080:80, 127.0.0.1:8080:80/tcp or 8000-8010:8000-8010"


class Port(NamedTuple):
    """One container port, published at `host_port` ("" = chosen, "a-b" = one of these) of `host_ip`."""

    container_port: int
    protocol: str = "tcp"
    host_ip: str = ""
    host_port: str = ""

    @property
    def key(self) -> str:
        """As the API names it: "80/tcp"."""
        return f"{self.container_port}/{self.protocol}"


def parse_port(text: str) -> list[Port]:
    """The ports that one -p stands for; several for a range."""
    if "=" in text:
        return _long_form(text)
    body, slash, protocol = text.partition("/")
    address, host, container = _split(body, text)
    return _expand(text, address, host, container, protocol.lower() if slash else "tcp")


def parse_expose(text: str) -> list[str]:
    """ "80", "8000-8010/udp" -> ["80/tcp", ...]."""
    body, slash, protocol = text.partition("/")
    return [port.key for port in _expand(text, "", "", body, protocol.lower() if slash else "tcp")]


def port_bindings(ports: Iterable[Port]) -> dict[str, list[dict[str, str]]]:
    """HostConfig.PortBindings."""
    bindings: dict[str, list[dict[str, str]]] = {}
    for port in ports:
        bindings.setdefault(port.key, []).append({"HostIp": port.host_ip, "HostPort": port.host_port})
    return bindings


def exposed_ports(ports: Iterable[Port], exposed: Sequence[str] = ()) -> dict[str, dict[str, str]]:
    """Config.ExposedPorts: what is published, and the keys in `exposed`."""
    return {key: {} for key in [*(port.key for port in ports), *exposed]}


def _split(body: str, whole: str) -> tuple[str, str, str]:
    """(address, host part, container part); an IPv6 address stands in brackets."""
    address = ""
    if body.startswith("["):
        address, bracket, body = body[1:].partition("]")
        if not bracket or not body.startswith(":"):
            raise InvalidArgument(f"invalid port {whole!r}: the address is not closed by ]:", hint=_HINT)
        body = body[1:]
        host, _, container = body.rpartition(":")
        return _checked_address(address, whole), host, container
    parts = body.rsplit(":", 2)
    if len(parts) == 3:
        return _checked_address(parts[0], whole), parts[1], parts[2]
    return "", parts[0] if len(parts) == 2 else "", parts[-1]


def _checked_address(address: str, whole: str) -> str:
    import ipaddress

    try:
        return str(ipaddress.ip_address(address))
    except ValueError as error:
        raise InvalidArgument(
            f"invalid port {whole!r}: {address!r} is not an IP address", hint=_HINT
        ) from error


def _expand(text: str, address: str, host: str, container: str, protocol: str) -> list[Port]:
    if protocol not in _PROTOCOLS:
        raise InvalidArgument(f"invalid port {text!r}: unknown protocol {protocol!r}", hint="use tcp or udp")
    inner = _range(container, text)
    if not host:
        return [Port(port, protocol, address) for port in inner]
    outer = _range(host, text, lowest=0)
    if len(outer) == len(inner):
        return [
            Port(port, protocol, address, str(at) if at else "")
            for port, at in zip(inner, outer, strict=True)
        ]
    if len(inner) == 1:
        return [Port(inner[0], protocol, address, f"{outer[0]}-{outer[-1]}")]
    raise InvalidArgument(
        f"invalid port {text!r}: {len(outer)} host ports for {len(inner)} container ports", hint=_HINT
    )


def _range(text: str, whole: str, lowest: int = 1) -> range:
    first, dash, last = text.partition("-")
    if not dash:
        last = first
    if not (first.isdecimal() and last.isdecimal() and lowest <= int(first) <= int(last) < 65536):
        raise InvalidArgument(
            f"invalid port {whole!r}: {text!r} is not a port or a range of ports", hint=_HINT
        )
    return range(int(first), int(last) + 1)


def _long_form(text: str) -> list[Port]:
    """ "published=8080,target=80,protocol=tcp"."""
    fields = dict(part.partition("=")[::2] for part in text.split(","))
    unknown = fields.keys() - {"published", "target", "protocol", "mode"}
    if unknown or "target" not in fields:
        raise InvalidArgument(
            f"invalid port {text!r}: {', '.join(sorted(unknown)) or 'no target'}", hint=_HINT
        )
    return _expand(text, "", fields.get("published", ""), fields["target"], fields.get("protocol", "tcp"))
