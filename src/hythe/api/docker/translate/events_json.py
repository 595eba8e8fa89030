"""Events as lines of GET /events, and which of them a reader asked for."""

from __future__ import annotations

from typing import Any, Final

from hythe.api.docker.filters import Filters
from hythe.engine.events import Event

SECOND: Final = 1_000_000_000
_PREFIXES: Final = frozenset(("health_status", "exec_create", "exec_start"))
KINDS: Final = ("container", "image", "network", "volume")
KEYS: Final = (
    "config", "container", "daemon", "event", "image", "label", "network", "node", "plugin", "scope",
    "secret", "service", "type", "volume",
)  # fmt: skip


def event_json(event: Event) -> dict[str, Any]:
    """One event. Containers and images also have the fields of the first version of the API."""
    result: dict[str, Any] = {
        "Type": event.type,
        "Action": event.action,
        "Actor": {"ID": event.id, "Attributes": event.attributes},
        "scope": "local",
        "time": event.time // SECOND,
        "timeNano": event.time,
    }
    if event.type in ("container", "image"):
        result |= {"status": event.action, "id": event.id}
        if event.type == "container":
            result["from"] = event.attributes.get("image", "")
    return result


def matches(event: Event, filters: Filters) -> bool:
    """All keys hold; for the key of a kind, the event is of that kind and names the thing."""
    return (
        filters.any_of("type", [event.type])
        and filters.any_of("scope", ["local"])
        and _acts(event.action, filters)
        and filters.labels_hold(event.attributes)
        and all(_names(event, kind, filters) for kind in KINDS)
        and not any(key in filters for key in ("config", "node", "plugin", "secret", "service"))
    )


def _acts(action: str, filters: Filters) -> bool:
    """The exact word, but for actions that say more after a colon: there beginnings are enough, of all values then."""
    if set(filters.get("event")) & _PREFIXES:
        return filters.any_prefix("event", [action])
    return filters.any_of("event", [action])


def _names(event: Event, kind: str, filters: Filters) -> bool:
    """By the beginning of the id or the name; images by either as a whole, with or without the tag."""
    wanted = filters.get(kind)
    if not wanted:
        return True
    if kind == "image":
        name = event.attributes.get("name" if event.type == "image" else "image", "")
        short = event.id.removeprefix("sha256:")[:12]
        return filters.any_of(kind, [each for each in (event.id, short, name, _untagged(name)) if each])
    return event.type == kind and filters.any_prefix(kind, [event.id, event.attributes.get("name", "")])


def _untagged(name: str) -> str:
    head, colon, tag = name.rpartition(":")
    return head if colon and "/" not in tag else name
