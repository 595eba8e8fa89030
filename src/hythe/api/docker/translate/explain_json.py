"""GET /containers/{ref}/explain: hythe's own values with their fields spelled as the rest of the API spells its.

A section is one key; one that only a running container has is null, one that was not asked for is left out.
"""

from __future__ import annotations

from typing import Any

import msgspec

from hythe.engine.explain.explanation import Explanation


def explain_json(value: Explanation) -> dict[str, Any]:
    head = {"Id": value.id, "Name": value.name, "Running": value.running}
    return head | {_spelled(name): _plain(section) for name, section in value.sections.items()}


def _spelled(name: str) -> str:
    """shown_by -> ShownBy."""
    return "".join(word[:1].upper() + word[1:] for word in name.split("_"))


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return {_spelled(name): _plain(item) for name, item in msgspec.structs.asdict(value).items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
