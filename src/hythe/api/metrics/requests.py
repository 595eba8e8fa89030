"""The API's requests, counted as they are answered: how many of which, with which status, and how long they took.

A request is known by its route, "/containers/{ref}/start", never by its path, which any client could make up. What
dockerd measures inside, `container_actions_seconds`, is told from the same requests: those that succeeded. A streamed
answer lasts as long as its client listens, so those have a count and no duration.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Final

from hythe.api.docker.routing import Route
from hythe.api.metrics.exposition import Family, Histogram, Sample

ACTIONS: Final = {
    ("POST", "/containers/create"): "create",
    ("POST", "/containers/{ref}/start"): "start",
    ("POST", "/commit"): "commit",
    ("GET", "/containers/{ref}/changes"): "changes",
    ("DELETE", "/containers/{ref}"): "delete",
}
LASTING: Final = frozenset(
    [
        "/events", "/build", "/session", "/containers/{ref}/wait", "/containers/{ref}/logs", "/containers/{ref}/stats",
        "/containers/{ref}/attach", "/containers/{ref}/attach/ws", "/exec/{id}/start",
    ]
)  # fmt: skip


class Requests:
    """Told of each request by the API's server (`observe`); asked when somebody scrapes."""

    def __init__(self) -> None:
        self._answers: Counter[tuple[str, str, int]] = Counter()
        self._seconds: defaultdict[tuple[str, str], Histogram] = defaultdict(Histogram)
        self._actions = {action: Histogram() for action in ACTIONS.values()}

    def observe(self, method: str, route: Route | None, status: int, seconds: float) -> None:
        pattern = route.pattern if route else ""
        known = (
            method if route else ""
        )  # of a request that nobody answers, everything is made up by the client
        self._answers[known, pattern, status] += 1
        if route is not None and pattern not in LASTING:
            self._seconds[method, pattern].observe(seconds)
        if (action := ACTIONS.get((method, pattern))) and status < 300:
            self._actions[action].observe(seconds)

    def families(self) -> Iterator[Family]:
        yield Family(
            "hythe_http_requests_total", "counter", "Requests to the API that were answered.",
            [
                Sample(count, {"method": method, "route": route, "code": str(status)})
                for (method, route, status), count in sorted(self._answers.items())
            ],
        )  # fmt: skip
        yield Family(
            "hythe_http_request_duration_seconds", "histogram", "How long an answer took, streams aside.",
            [
                sample
                for (method, route), histogram in sorted(self._seconds.items())
                for sample in histogram.samples({"method": method, "route": route})
            ],
        )  # fmt: skip
        yield Family(
            "engine_daemon_container_actions_seconds", "histogram", "How long a container's action took.",
            [
                sample
                for action, histogram in sorted(self._actions.items())
                for sample in histogram.samples({"action": action})
            ],
        )  # fmt: skip
