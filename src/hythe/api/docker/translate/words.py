"""How long ago and how it stands, in the words of `docker ps`."""

from __future__ import annotations

from typing import Final

from hythe.base.units import human_duration
from hythe.engine.model import State
from hythe.wire.times import SECOND

_HEALTH: Final = {"starting": "health: starting"}


def _words(nanoseconds: int) -> str:
    return human_duration(max(nanoseconds, 0) // SECOND)


def status_text(state: State, now: int) -> str:
    """The Status column: "Up 3 minutes (healthy)", "Exited (0) 2 seconds ago"."""
    if state.status == "running":
        text = f"Up {_words(now - state.started_at)}"
        return f"{text} ({_HEALTH.get(state.health.status, state.health.status)})" if state.health else text
    if state.status == "paused":
        return f"Up {_words(now - state.started_at)} (Paused)"
    ago = f"{_words(now - state.finished_at)} ago" if state.finished_at else ""
    if state.status == "restarting":
        return f"Restarting ({state.exit_code}) {ago}"
    if state.status == "removing":
        return "Removal In Progress"
    if state.status == "dead":
        return "Dead"
    if state.status == "created":
        return "Created"
    return f"Exited ({state.exit_code}) {ago}"
