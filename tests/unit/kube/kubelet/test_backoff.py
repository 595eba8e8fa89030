from __future__ import annotations

import pytest

from hythe.kube.kubelet.backoff import Delays, go_duration
from hythe.kube.kubelet.config import Backoff


def test_the_first_failure_is_free_and_then_delays_double_up_to_the_maximum() -> None:
    delays = Delays(Backoff(10, 300))
    assert delays.remaining("k", 100, 100) == 0
    now = 100.0
    found = []
    for _ in range(7):
        found.append(delays.failed("k", now, now))
        assert delays.remaining("k", now, now) == found[-1]
        now += found[-1]
    assert found == [10, 20, 40, 80, 160, 300, 300]


def test_a_calm_time_makes_the_delay_begin_anew() -> None:
    delays = Delays(Backoff(10, 300))
    for now in (0.0, 20.0):
        delays.failed("k", now, now)
    assert delays.remaining("k", 700, 700) == 0
    assert delays.failed("k", 700, 700) == 10


def test_forgetting() -> None:
    delays = Delays(Backoff(10, 300))
    delays.failed("a/1", 0, 0)
    delays.failed("b/1", 0, 0)
    delays.forget("a/")
    assert (delays.current("a/1"), delays.current("b/1")) == (0, 10)
    delays.expire(1000)
    assert delays.current("b/1") == 0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.25, "250ms"), (10, "10s"), (1.5, "1.5s"), (160, "2m40s"), (300, "5m0s"), (3600, "1h0m0s")],
)
def test_durations_as_go_prints_them(seconds: float, text: str) -> None:
    assert go_duration(seconds) == text
