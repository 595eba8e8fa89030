"""Whether a container that has ended is started again, and after how long. Pure.

The wait doubles from 100 ms to one minute and begins anew once a container ran for ten seconds, as Docker's
does (docs: "Start containers automatically").
"""

from __future__ import annotations

from typing import Final

from hythe.engine.model import Container

UNHEALTHY_LABEL: Final = "io.hythe.restart-on-unhealthy"
"""With the value "true": its container is restarted whenever it becomes unhealthy."""

FIRST, LONGEST, LASTING = 0.1, 60.0, 10.0


def wants_restart(record: Container) -> bool:
    """By the policy, the exit code, and whether a person stopped it."""
    policy, state = record.spec.host.restart, record.state
    if state.manually_stopped:
        return False
    if policy.name in ("always", "unless-stopped"):
        return True
    if policy.name == "on-failure" and state.exit_code != 0:
        return not policy.max_retries or state.restart_count < policy.max_retries
    return False


def wants_start_at_boot(record: Container) -> bool:
    """After the daemon found it ended while nobody watched: `always` comes back even if it was stopped."""
    policy = record.spec.host.restart.name
    return policy == "always" or (policy == "unless-stopped" and not record.state.manually_stopped)


def restarts_unhealthy(record: Container) -> bool:
    return record.labels.get(UNHEALTHY_LABEL, "").lower() == "true"


def next_delay(last: float, ran: float) -> float:
    """Seconds to wait, after a run of `ran` seconds that had followed a wait of `last`."""
    if ran >= LASTING or last == 0.0:
        return FIRST
    return min(last * 2, LONGEST)
