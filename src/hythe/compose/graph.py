"""Graphs of names: circles, levels, and running work in parallel as soon as what it needs is done.

A graph maps each name to the names that it depends on; names that are not in the graph are ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

Graph = Mapping[str, Iterable[str]]


def find_cycle(graph: Graph) -> list[str]:
    """A circle as [a, b, ..., a], or nothing."""
    done: set[str] = set()
    path: list[str] = []

    def visit(name: str) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done or name not in graph:
            return []
        path.append(name)
        for other in graph[name]:
            if cycle := visit(other):
                return cycle
        path.pop()
        done.add(name)
        return []

    for name in graph:
        if cycle := visit(name):
            return cycle
    return []


def levels(graph: Graph) -> list[list[str]]:
    """The names in steps: those of one step depend only on earlier steps. The graph has no circle."""
    left = {name: {other for other in needs if other in graph} for name, needs in graph.items()}
    result: list[list[str]] = []
    while left:
        ready = [name for name, needs in left.items() if not needs]
        if not ready:
            raise ValueError(f"a circle among {sorted(left)}")
        result.append(ready)
        for name in ready:
            del left[name]
        for needs in left.values():
            needs.difference_update(ready)
    return result


def order(graph: Graph) -> list[str]:
    return [name for level in levels(graph) for name in level]


def reverse(graph: Graph) -> dict[str, list[str]]:
    """Who depends on each name: for stopping."""
    result: dict[str, list[str]] = {name: [] for name in graph}
    for name, needs in graph.items():
        for other in needs:
            if other in result:
                result[other].append(name)
    return result


def closure(graph: Graph, names: Iterable[str]) -> set[str]:
    """The names, and all that they depend on."""
    found: set[str] = set()
    pending: Sequence[str] = list(names)
    while pending:
        name, *pending = pending
        if name not in found and name in graph:
            found.add(name)
            pending = [*pending, *graph[name]]
    return found


def run(
    graph: Graph, work: Callable[[str], None], workers: int = 16, on_failure: Callable[[], None] | None = None
) -> None:
    """Do `work` for every name in threads, each as soon as all that it depends on is done.

    After a failure, or an interruption of this thread, nothing further is begun; `on_failure` is called once, to
    make what runs come to an end; then the first error is raised.
    """
    give_up = on_failure or (lambda: None)
    left = {name: {other for other in needs if other in graph} for name, needs in graph.items()}
    running: dict[Future[None], str] = {}
    failure: BaseException | None = None
    with ThreadPoolExecutor(max_workers=max(1, min(workers, len(left)))) as pool:
        try:
            while running or (left and failure is None):
                if failure is None:
                    for name in [name for name, needs in left.items() if not needs]:
                        del left[name]
                        running[pool.submit(work, name)] = name
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    name = running.pop(future)
                    error = future.exception()
                    if error is not None and failure is None:
                        failure = error
                        give_up()
                    for needs in left.values():
                        needs.discard(name)
        except BaseException:
            give_up()
            raise
    if failure is not None:
        raise failure
