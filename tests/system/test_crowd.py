"""A hundred clients at once that create, start, exec into and remove containers: none is lost, nothing waits for ever.

Beside them another lists the containers all the time. The long run, five minutes, also looks at how long that takes.
"""

from __future__ import annotations

import http.client
import json
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.targets import Target, start_hythe
from tests.waiting import PATIENCE

pytestmark = pytest.mark.root

CLIENTS = 100
ANSWER_SECONDS = 60 * PATIENCE
P99_MILLISECONDS = 100


class Client:
    """One kept connection; any answer but those that are expected is an error."""

    def __init__(self, target: Target) -> None:
        self._path = target.host.removeprefix("unix://")
        self._connection = http.client.HTTPConnection("localhost")
        self._connect()

    def _connect(self) -> None:
        self._connection.sock = socket.socket(socket.AF_UNIX)
        self._connection.sock.settimeout(ANSWER_SECONDS)
        self._connection.sock.connect(self._path)

    def call(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body)
        self._connection.request(method, f"/v1.41{path}", data, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        text = answer.read()
        assert answer.status < 300, f"{method} {path}: {answer.status} {text.decode()}"
        return json.loads(text) if text else None

    def output_of(self, container: str, *command: str) -> bytes:
        """What an exec writes; the connection is the exec's from there on, so that another is made."""
        made = self.call("POST", f"/containers/{container}/exec", {"Cmd": command, "AttachStdout": True})
        self._connection.request(
            "POST", f"/v1.41/exec/{made['Id']}/start", '{"Tty": false}', {"Content-Type": "application/json"}
        )
        answer = self._connection.getresponse()
        text = answer.read()
        self._connection.close()
        self._connect()
        shown = self.call("GET", f"/exec/{made['Id']}/json")
        assert (answer.status, shown["ExitCode"], shown["Running"]) == (200, 0, False), (shown, text)
        return text

    def close(self) -> None:
        self._connection.close()


class Crowd:
    """`lives`: containers that were made, used and removed; `listings`: how long each list took, in milliseconds."""

    def __init__(self, target: Target, seconds: float) -> None:
        self._target, self._end = target, time.monotonic() + seconds
        self.lives = 0
        self.listings: list[float] = []
        self._lock = threading.Lock()

    def run(self) -> None:
        with ThreadPoolExecutor(CLIENTS + 1) as threads:
            work = [threads.submit(self._live, number) for number in range(CLIENTS)]
            work.append(threads.submit(self._list))
            for done in work:
                done.result()

    def _live(self, number: int) -> None:
        client, turn = Client(self._target), 0
        while time.monotonic() < self._end:
            name, turn = f"crowd-{number}-{turn}", turn + 1
            id = client.call(
                "POST", f"/containers/create?name={name}", {"Image": "busybox", "Cmd": ["sleep", "900"]}
            )["Id"]
            client.call("POST", f"/containers/{id}/start")
            assert client.output_of(id, "echo", name).endswith(f"{name}\n".encode())
            assert client.call("GET", f"/containers/{name}/json")["State"]["Status"] == "running"
            client.call("DELETE", f"/containers/{id}?force=1")
            with self._lock:
                self.lives += 1
        client.close()

    def _list(self) -> None:
        client = Client(self._target)
        while time.monotonic() < self._end:
            began = time.perf_counter()
            shown = client.call("GET", "/containers/json?all=1")
            self.listings.append((time.perf_counter() - began) * 1e3)
            assert all(len(each["Id"]) == 64 and each["Names"] for each in shown)
            time.sleep(0.02)
        client.close()

    def p99(self) -> float:
        return statistics.quantiles(self.listings, n=100)[98]


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Target]:
    with start_hythe(tmp_path) as target:
        yield target


def _nothing_is_left(target: Target) -> None:
    client = Client(target)
    assert client.call("GET", "/containers/json?all=1") == []
    assert list((target.root / "data" / "snapshots" / "containers").iterdir()) == []
    assert list((target.root / "run" / "containers").iterdir()) == []
    assert [each.name for each in (target.root / "run" / "warden").iterdir()] == [".lock"]
    client.close()


def test_a_hundred_clients_for_ten_seconds(daemon: Target) -> None:
    crowd = Crowd(daemon, 10)
    crowd.run()
    assert crowd.lives >= CLIENTS and len(crowd.listings) >= 10
    _nothing_is_left(daemon)


@pytest.mark.slow
def test_a_hundred_clients_for_five_minutes(daemon: Target) -> None:
    crowd = Crowd(daemon, 300)
    crowd.run()
    print(f"{crowd.lives} lives, {len(crowd.listings)} lists, p99 {crowd.p99():.0f} ms")
    assert crowd.p99() < P99_MILLISECONDS * PATIENCE
    _nothing_is_left(daemon)
