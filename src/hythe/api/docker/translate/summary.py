"""GET /containers/json: containers as a list shows them, and which of them a list is asked for."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from hythe.api.docker.filters import Filters
from hythe.api.docker.translate.container_json import mount_json
from hythe.api.docker.translate.endpoints_json import networks
from hythe.api.docker.translate.ports import listed, parse_port
from hythe.api.docker.translate.words import status_text
from hythe.engine.model import Container
from hythe.errors import InvalidArgument

KEYS: Final = (
    "ancestor", "before", "exited", "expose", "health", "id", "label", "name", "network", "publish", "since",
    "status", "volume", "is-task", "isolation",
)  # fmt: skip
_STATES: Final = ("created", "running", "paused", "restarting", "removing", "exited", "dead")
_HEALTH: Final = ("starting", "healthy", "unhealthy", "none")


def summary(container: Container, now: int, sizes: tuple[int, int] | None = None) -> dict[str, Any]:
    """One element of the list."""
    result: dict[str, Any] = {
        "Id": container.id,
        "Names": [f"/{container.name}"],
        "Image": container.spec.image,
        "ImageID": container.image_id,
        "Command": command_text(container.args),
        "Created": container.created // 1_000_000_000,
        "Ports": listed(container),
        "Labels": container.labels,
        "State": container.state.status,
        "Status": status_text(container.state, now),
        "HostConfig": {"NetworkMode": container.spec.host.network_mode},
        "NetworkSettings": {"Networks": networks(container)},
        "Mounts": [mount_json(mount) for mount in container.mounts],
    }
    if sizes is not None:
        result["SizeRw"], result["SizeRootFs"] = sizes
    return result


def command_text(args: Sequence[str]) -> str:
    """The Command column: arguments with spaces are quoted."""
    return " ".join(shlex.quote(arg) if " " in arg else arg for arg in args)


def select(
    containers: Iterable[Container],
    filters: Filters,
    *,
    all: bool,
    limit: int | None,
    find: Callable[[str], Container],
    images: Callable[[str], set[str]],
) -> list[Container]:
    """Those that a list shows, newest first.

    Without `all`, `limit` or a filter by state only running ones. `find` gives the container behind a
    reference (before, since), `images` the ids that stand for an ancestor; both raise NotFound.
    """
    _check(filters)
    found = sorted(containers, key=lambda c: c.created, reverse=True)
    if filters.get("before"):
        latest = min(find(ref).created for ref in filters.get("before"))
        found = [c for c in found if c.created < latest]
    if filters.get("since"):
        earliest = max(find(ref).created for ref in filters.get("since"))
        found = [c for c in found if c.created > earliest]
    if filters.get("ancestor"):
        wanted = set().union(*(images(ref) for ref in filters.get("ancestor")))
        found = [c for c in found if c.image_id in wanted]
    if not (all or limit or "status" in filters or "exited" in filters):
        found = [c for c in found if c.state.status in ("running", "paused", "restarting")]
    if filters:
        found = [c for c in found if _matches(c, filters)]
    return found[:limit] if limit and limit > 0 else found


def _check(filters: Filters) -> None:
    for key, known in (("status", _STATES), ("health", _HEALTH)):
        for value in filters.get(key):
            if value not in known:
                raise InvalidArgument(f"invalid filter '{key}={value}'", hint=f"use {', '.join(known)}")
    for value in filters.get("exited"):
        if not value.lstrip("-").isdigit():
            raise InvalidArgument(f"invalid filter 'exited={value}': not an exit code")


def _matches(container: Container, filters: Filters) -> bool:
    state = container.state
    health = state.health.status if state.health else "none"
    return (
        filters.any_prefix("id", [container.id])
        and _name_matches(container.name, filters)
        and filters.any_of("status", [state.status])
        and filters.any_of("health", [health])
        and filters.labels_hold(container.labels)
        and _exit_matches(container, filters)
        and _network_matches(container, filters)
        and _volume_matches(container, filters)
        and _port_matches(container, filters, "publish")
        and _port_matches(container, filters, "expose")
        and filters.flag("is-task") is not True
    )


def _name_matches(name: str, filters: Filters) -> bool:
    """Docker takes a regular expression here; people write parts of names, ^name$ and /name."""
    wanted = filters.get("name")
    return not wanted or any(_matches_name(name, pattern) for pattern in wanted)


def _matches_name(name: str, pattern: str) -> bool:
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise InvalidArgument(f"invalid filter 'name={pattern}': {error}") from error
    return bool(expression.search(name) or expression.search(f"/{name}"))


def _exit_matches(container: Container, filters: Filters) -> bool:
    wanted = filters.get("exited")
    if not wanted:
        return True
    return container.state.status in ("exited", "dead") and str(container.state.exit_code) in wanted


def _network_matches(container: Container, filters: Filters) -> bool:
    known = [container.spec.host.network_mode, *container.endpoints]
    known += [e.network_id for e in container.endpoints.values()]
    return not filters.get("network") or any(
        name == value or (len(value) >= 12 and name.startswith(value))
        for value in filters.get("network")
        for name in known
    )


def _volume_matches(container: Container, filters: Filters) -> bool:
    places = [place for m in container.mounts for place in (m.volume, m.source, m.target) if place]
    return filters.any_of("volume", places)


def _port_matches(container: Container, filters: Filters, key: str) -> bool:
    """ "80", "80/udp" or "8000-8080/tcp" among the published or the exposed ports."""
    wanted = filters.get(key)
    if not wanted:
        return True
    if key == "publish":
        known = {(p.host_port, p.protocol) for p in container.published}
        known |= {(p.host_port, p.protocol) for p in container.spec.host.ports if p.host_port}
    else:
        known = {parse_port(text) for text in container.exposed_ports}
    return any(
        low <= port <= high and proto == p for low, high, proto in map(_range, wanted) for port, p in known
    )


def _range(text: str) -> tuple[int, int, str]:
    span, _, protocol = text.partition("/")
    first, separator, last = span.partition("-")
    low, _ = parse_port(f"{first}/{protocol or 'tcp'}")
    high, _ = parse_port(last) if separator else (low, "")
    return low, high, protocol or "tcp"
