"""The warden's part for a process whose filter notifies: what the agent is told of its container.

The bundle's configuration is read once more for the annotations, so that containers need not remember them.
"""

from __future__ import annotations

import json

from hythe.runtime import listener
from hythe.runtime.container import Container


def tell(container: Container, pid: int, number: int) -> None:
    """Process `pid` of `container` has the listener as its descriptor `number`. Raises CannotStart."""
    filter = container.filter
    assert filter is not None
    status = "creating" if pid == container.pid else container.status
    state = listener.state(
        container.id, status, container.pid, container.bundle, _annotations(container.bundle)
    )
    listener.tell(filter.path, filter.metadata, pid, number, state)


def _annotations(bundle: str) -> dict[str, str]:
    try:
        with open(f"{bundle}/config.json") as file:
            return dict(json.load(file).get("annotations") or {})
    except (OSError, ValueError):
        return {}
