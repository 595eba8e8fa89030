"""What services share: networks, volumes, configs and secrets of the top level."""

from __future__ import annotations

from collections.abc import Mapping

from hythe.compose.document import Table, Value
from hythe.compose.model import FileSource, Ipam, Network, Subnet, Volume
from hythe.compose.normalise import scalars
from hythe.compose.normalise.storage import absolute


def network(key: str, value: Value | None, project: str) -> Network:
    table = scalars.table(value)
    external, name = _external(table, key, project)
    return Network(
        key=key,
        name=name,
        external=external,
        driver=scalars.name(table.get("driver")),
        driver_opts=scalars.settings(table.get("driver_opts")),
        internal=scalars.flag(table.get("internal")) or False,
        attachable=scalars.flag(table.get("attachable")) or False,
        enable_ipv6=scalars.flag(table.get("enable_ipv6")) or False,
        ipam=_ipam(table.get("ipam")),
        labels=scalars.settings(table.get("labels")),
    )


def volume(key: str, value: Value | None, project: str) -> Volume:
    table = scalars.table(value)
    external, name = _external(table, key, project)
    return Volume(
        key=key,
        name=name,
        external=external,
        driver=scalars.name(table.get("driver")),
        driver_opts=scalars.settings(table.get("driver_opts")),
        labels=scalars.settings(table.get("labels")),
    )


def source(key: str, value: Value, project: str, folder: str, variables: Mapping[str, str]) -> FileSource:
    """A config or secret: from a file, a variable, or its content. Exactly one of them must be there."""
    table = scalars.table(value)
    given = [name for name in ("file", "environment", "content") if table.get(name) is not None]
    if len(given) != 1:
        said = " and ".join(given) or "nothing"
        raise value.place.problem(
            f"{key!r} must come from one of file, environment or content; it has {said}"
        )
    file, variable = scalars.word(table.get("file")), scalars.word(table.get("environment"))
    content = scalars.word(table.get("content"))
    if variable is not None:
        content = variables.get(variable)
        if content is None:
            raise table.where("environment").problem(
                f"{key!r} takes its value from the variable {variable}, which is not set",
                hint=f"export {variable}=...",
            )
    return FileSource(
        key=key,
        name=scalars.word(table.get("name")) or f"{project}_{key}",
        file=absolute(file, folder) if file is not None else None,
        environment=variable,
        content=content,
        labels=scalars.settings(table.get("labels")),
    )


def _external(table: Table, key: str, project: str) -> tuple[bool, str]:
    """(whether somebody else makes it, its name in the engine)."""
    value = table.get("external")
    name = scalars.word(table.get("name"))
    if isinstance(value, Table):
        return True, scalars.word(value.get("name")) or name or key
    if not scalars.flag(value):
        return False, name or f"{project}_{key}"
    for other in table.entries:
        if other not in ("external", "name") and not other.startswith("x-"):
            raise table.where(other).problem(
                f"{key!r} is external, so {other!r} says nothing", hint="remove one of them"
            )
    return True, name or key


def _ipam(value: Value | None) -> Ipam | None:
    if value is None:
        return None
    table = scalars.table(value)
    rows = [scalars.table(item) for item in scalars.items(table.get("config"))]
    return Ipam(
        driver=scalars.name(table.get("driver")),
        options=scalars.settings(table.get("options")),
        config=tuple(
            Subnet(
                subnet=scalars.name(row.get("subnet")),
                gateway=scalars.name(row.get("gateway")),
                ip_range=scalars.name(row.get("ip_range")),
            )
            for row in rows
        ),
    )
