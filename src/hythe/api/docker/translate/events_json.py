"""Events as lines of GET /events, and which of them a reader asked for."""

from __future__ import annotations

from typing import Any, Final

from hythe.api.docker.filters import Filters
from hythe.engine.events import Event

SECOND: Final = 1_000_000_000
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
        and filters.any_prefix("event", [event.action])
        and filters.labels_hold(event.attributes)
        and all(_names(event, kind, filters) for kind in KINDS)
        and not any(key in filters for key in ("config", "node", "plugin", "secret", "service"))
    )


def _names(event: Event, kind: str, filters: Filters) -> bool:
    wanted = filters.get(kind)
    if not wanted:
        return True
    known = [event.attributes.get(kind, "")]
    if event.type == kind:
        known += [event.id, event.id.removeprefix("sha256:")[:12], event.attributes.get("name", "")]
    elif kind != "image":
        return False
    return any(value in known or (len(value) >= 12 and event.id.startswith(value)) for value in wanted)
