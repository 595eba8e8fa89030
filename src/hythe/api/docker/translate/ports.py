"""Ports: "80/tcp" with its bindings, both ways.

PortBindings of a HostConfig is what was asked for, Ports of NetworkSettings what is bound now, and Ports of a
list the same once more as flat objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from hythe.api.docker.types.host import PortBindingConfig
from hythe.engine.model import Container, PortBinding
from hythe.errors import InvalidArgument, Unsupported

_PROTOCOLS: Final = ("tcp", "udp")
MAX_PORT: Final = 65535


def parse_port(text: str) -> tuple[int, str]:
    """ "80/tcp" or "80". Raises InvalidArgument; SCTP is Unsupported."""
    number, _, protocol = text.partition("/")
    protocol = protocol.lower() or "tcp"
    if protocol == "sctp":
        raise Unsupported(f"the port {text} asks for SCTP, which is not supported")
    if protocol not in _PROTOCOLS:
        raise InvalidArgument(f"invalid port specification: {text!r}: invalid proto: {protocol}")
    return _number(number, text), protocol


def _number(text: str, whole: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= MAX_PORT:
        raise InvalidArgument(f"invalid port specification: {whole!r}", hint="ports go from 1 to 65535")
    return int(text)


def normalised(text: str) -> str:
    """ "80" as "80/tcp"."""
    number, protocol = parse_port(text)
    return f"{number}/{protocol}"


def from_bindings(bindings: Mapping[str, list[PortBindingConfig]]) -> list[PortBinding]:
    """HostConfig.PortBindings; a port without any binding is published on a port of the host's choice."""
    result = []
    for text, places in bindings.items():
        number, protocol = parse_port(text)
        for place in places or [PortBindingConfig()]:
            first, last = _host_ports(place.host_port)
            result.append(PortBinding(number, protocol, place.host_ip, first, last))
    return result


def _host_ports(text: str) -> tuple[int, int]:
    """(first, last) of "8080", "8000-8010"; (0, 0) of "" and "0"."""
    if text in ("", "0"):
        return 0, 0
    first, separator, last = text.partition("-")
    if not separator:
        return _number(first, text), 0
    if _number(last, text) < _number(first, text):
        raise InvalidArgument(f"invalid range of ports: {text!r}")
    return int(first), int(last)


def to_bindings(ports: Iterable[PortBinding]) -> dict[str, list[dict[str, str]]]:
    """HostConfig.PortBindings as they were asked for."""
    result: dict[str, list[dict[str, str]]] = {}
    for port in ports:
        host_port = str(port.host_port) if port.host_port else ""
        if port.host_port_end:
            host_port += f"-{port.host_port_end}"
        key = f"{port.container_port}/{port.protocol}"
        result.setdefault(key, []).append({"HostIp": port.host_ip, "HostPort": host_port})
    return result


def _addresses(port: PortBinding) -> tuple[str, ...]:
    """Every address is shown as 0.0.0.0, as Docker shows it on a host without IPv6."""
    return (port.host_ip,) if port.host_ip else ("0.0.0.0",)


def bound(container: Container) -> dict[str, list[dict[str, str]] | None]:
    """NetworkSettings.Ports: all exposed ports, None where nothing is published; {} while nothing runs."""
    if not container.state.pid:
        return {}
    result: dict[str, list[dict[str, str]] | None] = {
        normalised(text): None for text in container.exposed_ports
    }
    for port in container.published:
        key = f"{port.container_port}/{port.protocol}"
        entries = result.get(key) or []
        entries += [{"HostIp": ip, "HostPort": str(port.host_port)} for ip in _addresses(port)]
        result[key] = entries
    return result


def listed(container: Container) -> list[dict[str, Any]]:
    """Ports of GET /containers/json, in order."""
    if not container.state.pid:
        return []
    published = {(port.container_port, port.protocol) for port in container.published}
    result: list[dict[str, Any]] = [
        {"IP": ip, "PrivatePort": p.container_port, "PublicPort": p.host_port, "Type": p.protocol}
        for p in container.published
        for ip in _addresses(p)
    ]
    for text in container.exposed_ports:
        number, protocol = parse_port(text)
        if (number, protocol) not in published:
            result.append({"PrivatePort": number, "Type": protocol})
    return sorted(result, key=lambda port: (port["PrivatePort"], port["Type"], port.get("PublicPort", 0)))
