"""What filters and scores look like, and how their numbers are made comparable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from hythe.kube.scheduler.state import NodeInfo, PodInfo, State

MOST: Final = 100.0


class Refusal(NamedTuple):
    """Why a node will not do. `lasting`: no eviction there would help."""

    reasons: tuple[str, ...]
    lasting: bool = False


class Unplaceable(NamedTuple):
    """Why no node will do."""

    message: str


Check = Callable[[NodeInfo], Refusal | None]
Filter = Callable[[PodInfo, State], "Check | Unplaceable | None"]
Score = Callable[[PodInfo, State], "Callable[[NodeInfo], float] | None"]
Normal = Callable[[list[float]], list[float]]


def refused(reason: str, *, lasting: bool = False) -> Refusal:
    return Refusal((reason,), lasting)


def as_is(numbers: list[float]) -> list[float]:
    """They lie between 0 and 100 already."""
    return numbers


def more_is_better(numbers: list[float]) -> list[float]:
    """The most becomes 100, 0 stays 0."""
    most = max(numbers)
    return [number * MOST / most for number in numbers] if most > 0 else numbers


def less_is_better(numbers: list[float]) -> list[float]:
    return [MOST - number for number in more_is_better(numbers)]


def between(numbers: list[float]) -> list[float]:
    """The least becomes 0, the most 100."""
    least, most = min(numbers), max(numbers)
    if most == least:
        return [0.0] * len(numbers)
    return [(number - least) * MOST / (most - least) for number in numbers]


def between_reversed(numbers: list[float]) -> list[float]:
    """The least becomes 100, the most 0."""
    return [MOST - number for number in between(numbers)] if max(numbers) != min(numbers) else numbers
