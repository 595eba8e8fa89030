"""The pytest plugin as others use it: whole runs of pytest, and what is left after them, however they end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import hythe
from hythe.testing.engine import Engine, throwaway
from hythe.testing.plugin import hythe_engine  # noqa: F401 - the plugin's own, not this folder's
from tests.targets import Target
from tests.waiting import PATIENCE, wait_until

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.root

NOTE = """
    import json, os, pathlib, time

    def note(engine, **more):
        folder = pathlib.Path(os.environ["NOTES"])
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        facts = {"host": engine.host, "pid": engine.pid, "root": str(engine.root), **more}
        (folder / (worker + ".tmp")).write_text(json.dumps(facts))
        (folder / (worker + ".tmp")).rename(folder / (worker + ".json"))
"""


@pytest.fixture
def notes(pytester: pytest.Pytester, target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which inner tests write what they had. Their engines have busybox."""
    with hythe.connect(target.host) as client, (pytester.path / "busybox.tar").open("wb") as archive:
        for piece in client.images.save("busybox"):
            archive.write(piece)
    pytester.makeini("[pytest]\nhythe_images = busybox.tar\n")
    pytester.makepyfile(notes=NOTE)
    monkeypatch.setenv("NOTES", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))
    return tmp_path


def noted(folder: Path, worker: str = "main") -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((folder / f"{worker}.json").read_text())
    return facts


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}/cmdline").exists() and bool(Path(f"/proc/{pid}/cmdline").read_bytes())


def assert_nothing_is_left(facts: dict[str, Any]) -> None:
    left = [pid for pid in (facts["pid"], *facts.get("containers", [])) if alive(pid)]
    assert (left, Path(facts["root"]).exists()) == ([], False)
    wait_until(
        lambda: not mentioned(facts["root"]), 5, "the end of the guard, which removes the folder last,"
    )


def mentioned(root: str) -> list[bytes]:
    """The command lines of processes that have to do with an engine."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(FileNotFoundError, ProcessLookupError):
            command = process.read_bytes()
            found += [command] if root.encode() in command else []
    return found


def started(pytester: pytest.Pytester, *arguments: str) -> subprocess.Popen[bytes]:
    # A shell has what it runs in the background ignore SIGINT, and that is inherited.
    command = ["env", "--default-signal=INT", sys.executable, "-m", "pytest", "-q", *arguments]
    return subprocess.Popen(command, cwd=pytester.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


LASTING = """
    import time
    from notes import note

    def test_lasting(hythe_engine, hythe_container, hythe_network, hythe_volume):
        network, volume = hythe_network(), hythe_volume()
        container = hythe_container("busybox", "sleep 1000", network=network.name, volumes={volume.name: "/v"})
        note(hythe_engine, containers=[container.info().state.pid], name=container.info().name, network=network.name)
        time.sleep(600)
"""


def test_what_the_fixtures_give(pytester: pytest.Pytester, notes: Path) -> None:
    pytester.makepyfile("""
        import pytest
        from notes import note

        ids = []

        @pytest.fixture(scope="session")
        def server(hythe_session_container):
            return hythe_session_container("busybox", ["sh", "-c", "echo up; exec sleep 1000"], wait_log="up")

        def test_first(hythe_engine, hythe_container, hythe_client, server):
            one = hythe_container("busybox", "sleep 1000", init=True)
            two = hythe_container("busybox", "sleep 1000", init=True)
            assert one.info().name != two.info().name
            ids.extend([one.id, two.id, server.id])
            assert {each.id for each in hythe_client.containers.list()} == set(ids)
            note(hythe_engine, containers=[one.info().state.pid, server.info().state.pid])

        def test_then(hythe_client, hythe_network, hythe_volume, server):
            assert [each.id for each in hythe_client.containers.list(all=True)] == [server.id] == ids[2:]
            assert server.exec("echo here").stdout == b"here\\n"
            assert hythe_network().info().driver == "bridge"
            hythe_volume(name="mine")
            hythe_volume().remove()

        def test_last(hythe_client):
            assert hythe_client.volumes.list() == ()
            assert {each.name for each in hythe_client.networks.list()} == {"bridge", "host", "none"}
    """)
    pytester.runpytest_subprocess().assert_outcomes(passed=3)
    assert_nothing_is_left(noted(notes))


def test_a_test_that_fails_shows_the_log_and_leaves_nothing(pytester: pytest.Pytester, notes: Path) -> None:
    pytester.makepyfile("""
        from notes import note

        def test_fails(hythe_engine, hythe_container):
            container = hythe_container("busybox", ["sh", "-c", "echo why it failed; exec sleep 1000"], wait_log="why")
            note(hythe_engine, containers=[container.info().state.pid])
            assert False

        def test_not_ready(hythe_container):
            hythe_container("busybox", ["sh", "-c", "echo never mind; exit 3"], wait_log="ready")

        def test_gone(hythe_client):
            assert hythe_client.containers.list(all=True) == ()
    """)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=2, passed=1)
    result.stdout.fnmatch_lines(
        ["*log of the container test-*", "why it failed", "*it ended with 3; *", "E *never mind"]
    )
    assert_nothing_is_left(noted(notes))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_ended_leaves_nothing(
    pytester: pytest.Pytester, notes: Path, number: signal.Signals
) -> None:
    pytester.makepyfile(LASTING)
    run = started(pytester)
    try:
        wait_until((notes / "main.json").exists, 30, "the test")
        facts = noted(notes)
        assert alive(facts["containers"][0])
        run.send_signal(number)
        run.wait(30 * PATIENCE)
        wait_until(lambda: not Path(facts["root"]).exists(), 30, "the end of the engine")
        assert_nothing_is_left(facts)
    finally:
        run.kill()
        run.communicate()


def test_an_engine_that_was_killed_leaves_nothing(pytester: pytest.Pytester, notes: Path) -> None:
    pytester.makepyfile("""
        import os, signal
        from notes import note

        def test_kills(hythe_engine, hythe_client):
            container = hythe_client.containers.run("busybox", "sleep 1000")
            note(hythe_engine, containers=[container.info().state.pid])
            os.kill(hythe_engine.pid, signal.SIGKILL)
    """)
    pytester.runpytest_subprocess().assert_outcomes(passed=1)
    assert_nothing_is_left(noted(notes))


def test_workers_have_engines_of_their_own(pytester: pytest.Pytester, notes: Path) -> None:
    pytester.makepyfile("""
        import pytest, time
        from notes import note

        @pytest.mark.parametrize("number", range(4))
        def test_one(hythe_engine, hythe_container, hythe_client, number):
            container = hythe_container("busybox", "sleep 1000", init=True)
            note(hythe_engine, containers=[container.info().state.pid])
            assert [each.id for each in hythe_client.containers.list()] == [container.id]
            time.sleep(0.5)
    """)
    pytester.runpytest_subprocess("-n", "2").assert_outcomes(passed=4)
    first, second = noted(notes, "gw0"), noted(notes, "gw1")
    assert first["host"] != second["host"]
    for facts in (first, second):
        assert_nothing_is_left(facts)


def test_a_borrowed_engine_keeps_what_is_not_the_tests(
    pytester: pytest.Pytester, notes: Path, target: Target
) -> None:
    with (
        hythe.connect(target.host) as client,
        client.containers.run("busybox", "sleep 1000", init=True) as other,
    ):
        pytester.makepyfile(LASTING)
        run = started(pytester, "--hythe-host", target.host)
        try:
            wait_until((notes / "main.json").exists, 30, "the test")
            assert len(client.containers.list()) == 2
            run.kill()
            wait_until(lambda: len(client.containers.list(all=True)) == 1, 30, "the guard")
            wait_until(lambda: len(client.networks.list({"type": "custom"})) == 0, 10, "the guard")
            wait_until(lambda: client.volumes.list() == (), 10, "the guard")
            assert client.containers.list()[0].id == other.id
            assert alive(target.pid)
        finally:
            run.kill()
            run.communicate()


def test_an_engine_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    with pytest.raises(hythe.Unavailable, match="unknown log level"), throwaway("--log-level", "loudly"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_without_pytest() -> None:
    with throwaway() as engine:
        assert isinstance(engine, Engine) and engine.environment["DOCKER_HOST"] == engine.host
        with engine.connect() as client:
            assert client.info().containers == 0
            client.networks.create("left-behind")
            (subnet,) = client.networks.get("left-behind").info().subnets
        route = json.loads(subprocess.check_output(["ip", "-j", "route", "show", subnet]))
        bridge = Path("/sys/class/net", route[0]["dev"])
        assert bridge.exists()
    assert not bridge.exists()
