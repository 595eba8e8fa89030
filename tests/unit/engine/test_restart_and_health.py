"""Restart policies and what follows from health probes."""

from __future__ import annotations

import pytest

from hythe.engine.containers.creation import ImageDefaults, new_record
from hythe.engine.containers.health import command, judge
from hythe.engine.containers.restart import next_delay, wants_restart, wants_start_at_boot
from hythe.engine.model import (
    Container,
    ContainerSpec,
    Health,
    Healthcheck,
    HealthProbe,
    HostOptions,
    RestartPolicy,
)


def ended(policy: RestartPolicy, code: int = 1, *, stopped: bool = False, count: int = 0) -> Container:
    spec = ContainerSpec("x", command=["x"], host=HostOptions(restart=policy))
    record = new_record("1" * 64, "x", spec, ImageDefaults("sha256:1"))
    record.state.exit_code, record.state.manually_stopped, record.state.restart_count = code, stopped, count
    return record


@pytest.mark.parametrize(
    ("record", "again"),
    [
        (ended(RestartPolicy("no")), False),
        (ended(RestartPolicy("always"), 0), True),
        (ended(RestartPolicy("always"), stopped=True), False),
        (ended(RestartPolicy("unless-stopped"), 0), True),
        (ended(RestartPolicy("on-failure"), 0), False),
        (ended(RestartPolicy("on-failure"), 1), True),
        (ended(RestartPolicy("on-failure", 2), 1, count=2), False),
    ],
)
def test_restart_policies(record: Container, again: bool) -> None:
    assert wants_restart(record) is again


def test_after_a_boot_only_always_forgives_a_stop() -> None:
    assert wants_start_at_boot(ended(RestartPolicy("always"), stopped=True))
    assert not wants_start_at_boot(ended(RestartPolicy("unless-stopped"), stopped=True))
    assert not wants_start_at_boot(ended(RestartPolicy("on-failure")))


def test_the_wait_doubles_to_a_minute_and_begins_anew_after_ten_seconds() -> None:
    delay, seen = 0.0, []
    for _ in range(12):
        delay = next_delay(delay, ran=1)
        seen.append(delay)
    assert seen[:3] == [0.1, 0.2, 0.4] and seen[-1] == 60.0
    assert next_delay(60.0, ran=11) == 0.1


def test_probes_count_only_after_the_start_period() -> None:
    check, health = Healthcheck(test=["CMD", "x"], retries=2), Health()
    fail, success = HealthProbe(0, 1, 1, ""), HealthProbe(0, 1, 0, "")
    judge(health, fail, check, starting=True)
    assert (health.status, health.failing_streak) == ("starting", 0)
    judge(health, fail, check, starting=False)
    assert (health.status, health.failing_streak) == ("starting", 1)
    judge(health, fail, check, starting=False)
    assert health.status == "unhealthy"
    judge(health, success, check, starting=False)
    assert (health.status, health.failing_streak) == ("healthy", 0)
    judge(health, fail, check, starting=True)
    assert health.failing_streak == 1
    assert len(health.log) == 5


def test_the_forms_of_a_test() -> None:
    assert command(Healthcheck(test=["CMD", "a", "b"])) == ["a", "b"]
    assert command(Healthcheck(test=["CMD-SHELL", "a || b"])) == ["/bin/sh", "-c", "a || b"]
