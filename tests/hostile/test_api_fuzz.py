"""Requests of every kind to every route: none is answered with 500, nothing leaks, the daemon lives."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings

from tests.hostile.fuzzing import Request, requests
from tests.targets import Target, import_busybox, start_hythe
from tests.waiting import wait_until

pytestmark = pytest.mark.root

ROUND = 200
SECONDS = 20
ORDINARY = settings(
    deadline=None,
    database=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Target]:
    """A daemon for these requests alone, since they take away the image that others need; alive at the end.

    Its network has no way out: some requests would have it ask docker.io.
    """
    with start_hythe(tmp_path, within=("unshare", "--net")) as running:
        yield running
        assert running.docker("version", "-f", "{{.Server.Os}}").out == "linux\n"


def furnish(engine: Target) -> None:
    """What requests can meet: an image, a container that runs and one that does not."""
    import_busybox(engine.host)
    for name, command in (("running", "trap exit TERM; sleep 1000 & wait"), ("stopped", "true")):
        gone = engine.docker("rm", "-f", name)
        assert gone.code == 0 or "No such container" in gone.err, gone.err
        made = engine.docker("run", "-d", "--name", name, "busybox", "sh", "-c", command)
        assert made.code == 0, made.err


def status(engine: Target, request: Request) -> int:
    """The status of the answer; its body is read as far as it comes at once, then the client leaves."""
    answer = b""
    with (engine.root / "requests").open("a") as record:  # which ones came before the one that failed
        record.write(f"{time.time()} {request}\n")
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(SECONDS)
        connection.connect(engine.host.removeprefix("unix://"))
        connection.sendall(request.whole)
        while b"\r\n\r\n" not in answer and (data := connection.recv(65536)):
            answer += data
    assert answer, f"no answer to {request}"
    code = int(answer.split(maxsplit=2)[1])
    assert code != 500 or request.asks_a_registry, f"{request}: {answer.decode(errors='replace')[-1000:]}"
    return code


def descriptors(engine: Target) -> int:
    return len(list(Path(f"/proc/{engine.pid}/fd").iterdir()))


def errors(engine: Target) -> str:
    """Tracebacks in the daemon's log: mistakes of ours, also where the client was told nothing."""
    text = (engine.root / "daemon.log").read_text(errors="replace")
    return text[text.index("Traceback") :][:3000] if "Traceback" in text else ""


def bombard(engine: Target, rounds: int) -> None:
    furnish(engine)
    before = descriptors(engine)
    seen: set[int] = set()
    for number in range(rounds):
        furnish(engine)

        @seed(number)
        @settings(ORDINARY, max_examples=ROUND)
        @given(request=requests())
        def send(request: Request) -> None:
            seen.add(status(engine, request))

        send()
    assert {200, 400, 404, 501} <= seen
    assert not errors(engine)
    engine.docker("rm", "-f", *engine.docker("ps", "-aq").out.split())
    furnish(engine)
    wait_until(lambda: descriptors(engine) <= before + 2)


def test_some_requests(engine: Target) -> None:
    bombard(engine, 3)


@pytest.mark.slow
def test_ten_thousand_requests(engine: Target) -> None:
    bombard(engine, 10_000 // ROUND)
