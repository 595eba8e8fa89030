"""Links: the names that one container has for others, as `docker run --link` makes them.

On a network of its own a link is one more name that the name server answers, to this container alone; the other may
come later. On the default network, which has no name server, it is what it was before there were networks: a line in
/etc/hosts, which follows the other, and the variables ALIAS_NAME, ALIAS_PORT..., ALIAS_ENV_..., fixed at the start, for
which the other must run.
"""

from __future__ import annotations

from collections.abc import Sequence

from hythe.engine.containers.registry import Registry
from hythe.engine.model import Container
from hythe.errors import Conflict, InvalidArgument, NotFound

_NOT_TOLD = ("HOME", "PATH")


def parsed(text: str) -> tuple[str, str]:
    """(container, alias) of "CONTAINER:ALIAS"; without an alias the name is one. Raises InvalidArgument."""
    name, _, alias = text.partition(":")
    alias = alias.rpartition("/")[2] or name.lstrip("/")
    if not name or not alias or ":" in alias:
        raise InvalidArgument(f"bad format for links: {text!r}", hint="write CONTAINER:ALIAS")
    return name.lstrip("/"), alias


def check(record: Container, registry: Registry) -> None:
    """Before the container is made: those on the default network exist. Raises InvalidArgument."""
    for name, _ in map(parsed, record.spec.host.links):
        try:
            registry.find(name)
        except NotFound as error:
            # Not NotFound: a client would take that for the image.
            raise InvalidArgument(f"could not get container for {name}: {error.message}") from error


def linked(record: Container, registry: Registry) -> list[tuple[str, Container]]:
    """(alias, container) of the links on the default network. Raises NotFound, Conflict for one that does not run."""
    found = []
    for text in record.spec.host.links:
        name, alias = parsed(text)
        other = registry.find(name).record
        if other.state.status != "running":
            raise Conflict(
                f"Cannot link to a non running container: /{other.name} AS /{record.name}/{alias}",
                hint=f"hythe start {other.name}",
            )
        found.append((alias, other))
    return found


def reached(record: Container, registry: Registry) -> list[tuple[str, Container]]:
    """The same, without those that are not connected now, or are there no more."""
    found = []
    for name, alias in map(parsed, record.spec.host.links):
        try:
            other = registry.find(name).record
        except NotFound:
            continue
        if address(other):
            found.append((alias, other))
    return found


def linking(record: Container, registry: Registry) -> list[Container]:
    """Those that run and have a link to it on the default network."""
    return [
        one.record
        for one in registry
        if one.running
        and any(parsed(text)[0] in (record.name, record.id) for text in one.record.spec.host.links)
    ]


def without(record: Container, alias: str) -> list[str]:
    """The links on the default network without one. Raises NotFound where there is none of that name."""
    kept = [link for link in record.spec.host.links if parsed(link)[1] != alias]
    if len(kept) == len(record.spec.host.links):
        raise NotFound(f"Could not find the link {alias} of container {record.name}")
    return kept


def address(other: Container) -> str:
    """On the default network; "" where it is not connected to it."""
    return next((e.ipv4 for e in other.endpoints.values() if e.network_name == "bridge"), "")


def hosts(found: Sequence[tuple[str, Container]]) -> list[str]:
    """Lines of /etc/hosts."""
    return [
        f"{address(other)}\t{' '.join(dict.fromkeys((alias, other.hostname, other.name)))}\n"
        for alias, other in found
    ]


def variables(record: Container, found: Sequence[tuple[str, Container]]) -> list[str]:
    """What a container's program is told of those it is linked to."""
    result = []
    for alias, other in found:
        prefix, place = alias.upper().replace("-", "_"), address(other)
        ports = sorted(other.exposed_ports, key=lambda port: (int(port.partition("/")[0]), port))
        for index, port in enumerate(ports):
            number, _, protocol = port.partition("/")
            key = f"{prefix}_PORT_{number}_{protocol.upper()}"
            if index == 0:
                result.append(f"{prefix}_PORT={protocol}://{place}:{number}")
            result += [
                f"{key}={protocol}://{place}:{number}", f"{key}_ADDR={place}", f"{key}_PORT={number}",
                f"{key}_PROTO={protocol}",
            ]  # fmt: skip
        result.append(f"{prefix}_NAME=/{record.name}/{alias}")
        for entry in other.env:
            name, _, value = entry.partition("=")
            if name not in _NOT_TOLD:
                result.append(f"{prefix}_ENV_{name}={value}")
    return result
