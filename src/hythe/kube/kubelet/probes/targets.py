"""Where a probe or hook goes: named ports are those of the container."""

from __future__ import annotations

from hythe.errors import InvalidArgument
from hythe.kube.objects.types import Object


def port_number(port: object, container: Object) -> int:
    """A number, a number as text, or the name of one of the container's ports. Raises InvalidArgument."""
    text = str(port)
    if text.isdigit():
        found = int(text)
    else:
        named = {one.get("name"): int(one["containerPort"]) for one in container.get("ports") or []}
        if text not in named:
            raise InvalidArgument(f'couldn\'t find port: "{text}" in container {container["name"]}')
        found = named[text]
    if not 0 < found < 65536:
        raise InvalidArgument(f"invalid port number: {found}")
    return found
