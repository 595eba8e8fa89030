"""The words of docker ps."""

from __future__ import annotations

import pytest

from hythe.api.docker.translate.words import status_text
from hythe.engine.model import Health, State

S = 1_000_000_000
M, H, D = 60 * S, 3600 * S, 86400 * S


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (State(), "Created"),
        (State("running", started_at=S), "Up 3 minutes"),
        (State("running", started_at=S, health=Health("healthy")), "Up 3 minutes (healthy)"),
        (State("running", started_at=S, health=Health()), "Up 3 minutes (health: starting)"),
        (State("paused", started_at=S), "Up 3 minutes (Paused)"),
        (State("exited", exit_code=137, finished_at=3 * M - S), "Exited (137) 2 seconds ago"),
        (State("restarting", exit_code=1, finished_at=3 * M), "Restarting (1) 1 second ago"),
        (State("dead"), "Dead"),
        (State("removing"), "Removal In Progress"),
    ],
)
def test_status(state: State, text: str) -> None:
    assert status_text(state, 3 * M + S) == text
