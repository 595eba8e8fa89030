"""How the warden tells the daemons what happens: "namespaces", "exit", "oom", "detached" (see protocol)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hythe.base.failpoints import reach


class Events:
    """Says nothing until `connect` is given where to."""

    def __init__(self) -> None:
        self._broadcast: Callable[[dict[str, Any]], None] | None = None

    def connect(self, broadcast: Callable[[dict[str, Any]], None]) -> None:
        self._broadcast = broadcast

    def send(self, event: str, **body: Any) -> None:
        if self._broadcast is not None:
            reach(f"warden:event:{event}")
            self._broadcast({"event": event, **body})
