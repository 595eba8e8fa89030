"""--volumes-from: the mounts of other containers, as requests of one's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from hythe.engine.model import Container, MountRequest
from hythe.errors import InvalidArgument


def volumes_from(
    references: Iterable[str], find: Callable[[str], Container], own: Sequence[MountRequest]
) -> list[MountRequest]:
    """Binds and volumes of the containers in "NAME[:ro|rw]"; what is mounted in one's own right wins.

    Raises NotFound for a container that is not there, InvalidArgument for another mode.
    """
    taken = {request.target.rstrip("/") for request in own}
    result = []
    for reference in references:
        name, _, mode = reference.partition(":")
        if mode not in ("", "ro", "rw", "z", "Z"):
            raise InvalidArgument(f"invalid mode for volumes-from: {mode!r}", hint="use ro or rw")
        for mount in find(name).mounts:
            if mount.type == "tmpfs" or mount.target.rstrip("/") in taken:
                continue
            taken.add(mount.target.rstrip("/"))
            result.append(
                MountRequest(
                    type=mount.type,
                    target=mount.target,
                    source=mount.volume or mount.source,
                    read_only=mode == "ro" or mount.read_only,
                    propagation=mount.propagation,
                )
            )
    return result
