"""Bounded waits on a condition, for tests that watch other processes; no wait is longer than its limit.

HYTHE_TEST_TIMEOUT=10 makes every limit ten times as long, for a machine that is ten times slower.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")

STEP_SECONDS = 0.03
PATIENCE = float(os.environ.get("HYTHE_TEST_TIMEOUT") or 1)


def wait_until(condition: Callable[[], Value], seconds: float = 15, what: str = "it") -> Value:
    """The first true answer of `condition`; AssertionError with its last answer when none comes in time."""
    seconds *= PATIENCE
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"{what} did not come true in {seconds} s; last: {answer!r}"
        time.sleep(STEP_SECONDS)
    return answer
