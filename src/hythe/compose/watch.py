"""How the project's containers are doing, from the engine's events; nothing is asked twice.

One thread reads the event stream and keeps a `Status` for each container; waiting threads sleep on a condition
until one changes. The stream is opened before anything is started. A container's first status comes from one
inspect; if an event of it arrives meanwhile, the event counts.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from hythe.client import Client
from hythe.compose import naming
from hythe.errors import HytheError, Unavailable

Json = dict[str, Any]
_HEALTH = "health_status: "
BROKEN = "broken"


@dataclass(frozen=True)
class Status:
    """`exit_code` is set once it has ended; `health` is "" where there is no health check."""

    running: bool = False
    exit_code: int | None = None
    health: str = ""
    gone: bool = False


class Cancelled(HytheError):
    """The waiting was given up, because something else failed or the user asked for it."""


class Watch:
    """The containers of one project. Close it when done."""

    def __init__(self, client: Client, project: str) -> None:
        self._client = client
        self._changed = threading.Condition()
        self._status: dict[str, Status] = {}
        self._versions: dict[str, int] = {}
        self._problem: HytheError | None = None
        self._listeners: list[Callable[[Json], None]] = []
        filters = {"type": ["container"], "label": [f"{naming.PROJECT}={project}"]}
        events = client.events(filters=filters)
        threading.Thread(target=self._read, args=(events,), name="events", daemon=True).start()

    def listen(self, listener: Callable[[Json], None]) -> None:
        """Call `listener` with every event, in the thread that reads them; last with the action BROKEN."""
        with self._changed:
            self._listeners.append(listener)

    def status(self, identity: str) -> Status:
        """The status now; asked of the engine when nothing is known."""
        with self._changed:
            known = self._status.get(identity)
            version = self._versions.get(identity, 0)
        if known is not None:
            return known
        fresh = _inspected(self._client.containers.inspect(identity))
        with self._changed:
            if self._versions.get(identity, 0) == version:
                self._status.setdefault(identity, fresh)
            return self._status[identity]

    def forget(self, identity: str) -> None:
        """Ask again next time."""
        with self._changed:
            self._status.pop(identity, None)

    def starting(self, identity: str) -> None:
        """A start is about to be asked for: from here on only events say that it has ended."""
        with self._changed:
            self._status[identity] = Status(running=True)
            self._versions[identity] = self._versions.get(identity, 0) + 1

    def until(self, identity: str, done: Callable[[Status], bool], deadline: float | None = None) -> Status:
        """Wait until `done` holds of the status. Raises Cancelled, Unavailable, or TimeoutError."""
        status = self.status(identity)
        with self._changed:
            while True:
                status = self._status.get(identity, status)
                if done(status):
                    return status
                self._wait(deadline)

    def cancel(self) -> None:
        """Make everybody stop waiting."""
        self._fail(Cancelled("cancelled"))

    def _wait(self, deadline: float | None) -> None:
        if self._problem is not None:
            raise self._problem
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            raise TimeoutError
        self._changed.wait(left)

    def _read(self, events: Iterator[Json]) -> None:
        try:
            for event in events:
                self._take(event)
            self._fail(Unavailable("the daemon closed its stream of events"))
        except HytheError as error:
            self._fail(error)
        except OSError as error:
            self._fail(Unavailable(f"the daemon's stream of events broke: {error}"))

    def _take(self, event: Json) -> None:
        identity = (event.get("Actor") or {}).get("ID") or event.get("id", "")
        attributes = (event.get("Actor") or {}).get("Attributes") or {}
        action = event.get("Action") or event.get("status") or ""
        with self._changed:
            before = self._status.get(identity, Status())
            after = _after(before, action, attributes)
            if after is not None:
                self._status[identity] = after
                self._versions[identity] = self._versions.get(identity, 0) + 1
                self._changed.notify_all()
            listeners = list(self._listeners)
        for listener in listeners:
            listener(event)
        if listeners:
            with self._changed:
                self._changed.notify_all()

    def _fail(self, problem: HytheError) -> None:
        with self._changed:
            self._problem = self._problem or problem
            self._changed.notify_all()
            listeners = [] if isinstance(problem, Cancelled) else list(self._listeners)
        for listener in listeners:
            listener({"Action": BROKEN})


def _after(before: Status, action: str, attributes: Json) -> Status | None:
    """The status after an event, or None where it says nothing about it."""
    if action == "start":
        return Status(running=True, health="starting" if before.health else "")
    if action == "die":
        return replace(before, running=False, exit_code=int(attributes.get("exitCode", 0)))
    if action == "destroy":
        return replace(before, running=False, gone=True)
    if action.startswith(_HEALTH):
        return replace(before, running=True, exit_code=None, health=action.removeprefix(_HEALTH))
    return None


def _inspected(container: Json) -> Status:
    state = container["State"]
    running = bool(state.get("Running"))
    ended = not running and state.get("Status") not in ("created", "restarting")
    return Status(
        running=running or state.get("Status") == "restarting",
        exit_code=int(state.get("ExitCode", 0)) if ended else None,
        health=(state.get("Health") or {}).get("Status", "").replace("none", ""),
    )
