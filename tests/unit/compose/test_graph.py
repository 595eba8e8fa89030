"""Orders, circles, and running in parallel."""

from __future__ import annotations

import threading

import pytest

from hythe.compose import graph

DIAMOND = {"d": ["b", "c"], "b": ["a"], "c": ["a"], "a": []}


def test_levels() -> None:
    assert [sorted(level) for level in graph.levels(DIAMOND)] == [["a"], ["b", "c"], ["d"]]
    assert graph.reverse(DIAMOND)["a"] == ["b", "c"]
    assert graph.closure(DIAMOND, ["b"]) == {"a", "b"}
    assert graph.find_cycle(DIAMOND) == []


def test_run_is_in_order_and_parallel() -> None:
    done: list[str] = []
    together = threading.Barrier(2, timeout=10)

    def work(name: str) -> None:
        if name in "bc":
            together.wait()  # passes only if both run at the same time
        done.append(name)

    graph.run(DIAMOND, work)
    assert done[0] == "a" and done[-1] == "d"


def test_a_failure_ends_it() -> None:
    done: list[str] = []
    told: list[bool] = []

    def work(name: str) -> None:
        if name == "b":
            raise KeyError(name)
        done.append(name)

    with pytest.raises(KeyError):
        graph.run({"a": [], "b": ["a"], "c": ["b"]}, work, on_failure=lambda: told.append(True))
    assert (done, told) == (["a"], [True])
