"""Two engines side by side for a benchmark: hythe and dockerd, both up at once, measured alternately."""

from __future__ import annotations

import http.client
import json
import socket
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.targets import Target, start_dockerd, start_hythe

PEER, OURS = "dockerd", "hythe"


class Connection(http.client.HTTPConnection):
    """One kept-alive connection to an engine's socket, with next to no cost of its own beside the engine's."""

    def __init__(self, target: Target) -> None:
        super().__init__("localhost")
        self._path = target.host.removeprefix("unix://")

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The decoded answer; RuntimeError for a refusal."""
        headers = {} if body is None else {"Content-Type": "application/json"}
        self.request(method, f"/v1.41{path}", None if body is None else json.dumps(body), headers)
        answer = self.getresponse()
        data = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {data.decode()}")
        return json.loads(data) if data else None

    def started(self, *command: str) -> str:
        """The id of a new container that runs `command`."""
        id: str = self.call("POST", "/containers/create", {"Image": "busybox", "Cmd": command})["Id"]
        self.call("POST", f"/containers/{id}/start")
        return id


@contextmanager
def both() -> Iterator[dict[str, Target]]:
    """Both engines with a busybox image, in folders that are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        root = Path(folder)
        for name in (PEER, OURS):
            (root / name).mkdir()
        with start_dockerd(root / PEER) as peer, start_hythe(root / OURS) as ours:
            yield {PEER: peer, OURS: ours}


def alternate(rounds: int, work: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    """`rounds` figures of each piece of work, taken in turns after one round that does not count."""
    figures: dict[str, list[float]] = {name: [] for name in work}
    for turn in range(rounds + 1):
        for name, measure in work.items():
            figure = measure()
            if turn:
                figures[name].append(figure)
    return figures


def report(
    title: str, figures: dict[str, list[float]], unit: str, goal: float | None = None, peer: str = PEER
) -> None:
    """The medians and their ratio, hythe's to the peer's."""
    median = {name: statistics.median(values) for name, values in figures.items()}
    print(f"{title}  (n={len(next(iter(figures.values())))})")
    for name, values in figures.items():
        high = sorted(values)[max(0, round(len(values) * 0.95) - 1)]
        print(f"  {name:8} p50 {median[name]:9.2f} {unit}   p95 {high:9.2f} {unit}")
    wanted = "" if goal is None else f"   (goal <= {goal:g})"
    print(f"  ratio    {median[OURS] / median[peer]:.3f}{wanted}", flush=True)
