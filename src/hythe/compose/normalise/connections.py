"""Ports, networks and dependencies of a service."""

from __future__ import annotations

from hythe.client.config.ports import parse_expose, parse_port
from hythe.compose.document import Items, Scalar, Table, Value
from hythe.compose.model import Attachment, Dependency, Port
from hythe.compose.normalise import scalars


def ports(value: Value | None) -> tuple[Port, ...]:
    """The ports in the order of the file, ranges spread out, each once."""
    found: list[Port] = []
    for item in scalars.items(value):
        found.extend(_long_port(item) if isinstance(item, Table) else _short_ports(item))
    return tuple(dict.fromkeys(found))


def expose(value: Value | None) -> tuple[str, ...]:
    """As the engine names them: "80/tcp"."""
    result: list[str] = []
    for item in scalars.items(value):
        result.extend(scalars.at(item, parse_expose))
    return tuple(dict.fromkeys(result))


def attachments(value: Value | None) -> dict[str, Attachment]:
    """Networks of a service; a list names them, a mapping says more."""
    if isinstance(value, Items):
        return {scalars.name(item): Attachment() for item in value.items}
    return {key: _attachment(scalars.table(item)) for key, item in scalars.table(value).entries.items()}


def dependencies(value: Value | None) -> dict[str, Dependency]:
    if isinstance(value, Items):
        return {scalars.name(item): Dependency(place=item.place) for item in value.items}
    result = {}
    whole = scalars.table(value)
    for key, item in whole.entries.items():
        table = scalars.table(item)
        required = scalars.flag(table.get("required"))
        result[key] = Dependency(
            condition=scalars.word(table.get("condition")) or "service_started",
            required=True if required is None else required,
            restart=scalars.flag(table.get("restart")) or False,
            place=whole.where(key),
        )
    return result


def extra_hosts(value: Value | None) -> tuple[str, ...]:
    """ "name:address", from a list of "name:address" or "name=address", or a mapping to one or several."""
    if isinstance(value, Table):
        return tuple(
            f"{host}:{address}" for host, item in value.entries.items() for address in scalars.texts(item)
        )
    result = []
    for item in scalars.items(value):
        text = scalars.name(item)
        host, separator, address = text.partition("=" if "=" in text else ":")
        if not separator or not host or not address:
            raise item.place.problem(f"invalid host {text!r}", hint="write name:address")
        result.append(f"{host}:{address.strip('[]')}")
    return tuple(result)


def _short_ports(item: Value) -> list[Port]:
    text = scalars.name(item)
    if isinstance(item, Scalar) and isinstance(item.value, float):
        raise item.place.problem(f"{text} is not a port", hint='write it in quotes, such as "8080:80"')
    return [
        Port(
            target=port.container_port,
            published=port.host_port,
            host_ip=port.host_ip,
            protocol=port.protocol,
        )
        for port in scalars.at(item, parse_port)
    ]


def _long_port(table: Table) -> list[Port]:
    """A long port; `published` may be a range."""
    address = scalars.name(table.get("host_ip"))
    published = scalars.name(table.get("published"))
    protocol = scalars.word(table.get("protocol")) or "tcp"
    host = f"[{address}]" if ":" in address else address
    text = f"{scalars.name(table.get('target'))}/{protocol}"
    if published or address:
        text = f"{published}:{text}"
    if address:
        text = f"{host}:{text}"
    mode = scalars.word(table.get("mode")) or "ingress"
    return [
        Port(
            target=port.container_port,
            published=port.host_port,
            host_ip=port.host_ip,
            protocol=port.protocol,
            mode=mode,
        )
        for port in scalars.at(table, parse_port, text)
    ]


def _attachment(table: Table) -> Attachment:
    return Attachment(
        aliases=scalars.texts(table.get("aliases")),
        ipv4_address=scalars.name(table.get("ipv4_address")),
        ipv6_address=scalars.name(table.get("ipv6_address")),
        link_local_ips=scalars.texts(table.get("link_local_ips")),
        mac_address=scalars.name(table.get("mac_address")),
        driver_opts=scalars.settings(table.get("driver_opts")),
        priority=int(scalars.real(table.get("priority")) or 0),
    )
