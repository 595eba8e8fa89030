"""How long ago and how it stands, in the words of `docker ps` (go-units, HumanDuration)."""

from __future__ import annotations

from typing import Final

from hythe.engine.model import State

SECOND: Final = 1_000_000_000
_HEALTH: Final = {"starting": "health: starting"}


def human_duration(nanoseconds: int) -> str:
    """Roughly: "Less than a second", "3 minutes", "About an hour", "2 weeks"."""
    seconds = max(nanoseconds, 0) // SECOND
    if seconds < 1:
        return "Less than a second"
    if seconds < 60:
        return "1 second" if seconds == 1 else f"{seconds} seconds"
    minutes = seconds // 60
    if minutes < 60:
        return "About a minute" if minutes == 1 else f"{minutes} minutes"
    hours = (seconds + 1800) // 3600
    if hours < 48:
        return "About an hour" if hours == 1 else f"{hours} hours"
    for below, hours_each, word in (
        (24 * 14, 24, "days"),
        (24 * 60, 168, "weeks"),
        (24 * 730, 720, "months"),
    ):
        if hours < below:
            return f"{hours // hours_each} {word}"
    return f"{seconds // 3600 // 24 // 365} years"


def status_text(state: State, now: int) -> str:
    """The Status column: "Up 3 minutes (healthy)", "Exited (0) 2 seconds ago"."""
    if state.status == "running":
        text = f"Up {human_duration(now - state.started_at)}"
        return f"{text} ({_HEALTH.get(state.health.status, state.health.status)})" if state.health else text
    if state.status == "paused":
        return f"Up {human_duration(now - state.started_at)} (Paused)"
    ago = f"{human_duration(now - state.finished_at)} ago" if state.finished_at else ""
    if state.status == "restarting":
        return f"Restarting ({state.exit_code}) {ago}"
    if state.status == "removing":
        return "Removal In Progress"
    if state.status == "dead":
        return "Dead"
    if state.status == "created":
        return "Created"
    return f"Exited ({state.exit_code}) {ago}"
