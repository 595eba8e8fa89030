"""Pulls that are cut short, by `kill -9`, a full disk or a client that leaves; and two of the same image at once."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from aiohttp import web

from tests.registry_double import Registry, in_thread, layer
from tests.targets import Target, hythe_command, start_hythe, started
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.root

BIG = 6 << 20


@pytest.fixture
def registry() -> Iterator[Registry]:
    with in_thread() as running:
        running.image("app", "latest", layer({"small": b"1"}), layer({"noise": os.urandom(BIG)}))
        yield running


class Gate:
    """Lets only the first half of the big layer through until it is opened."""

    def __init__(self, registry: Registry) -> None:
        self._registry, self._open = registry, threading.Event()
        self.blob = max(registry.blobs, key=lambda digest: len(registry.blobs[digest]))
        self.reached = threading.Event()
        registry.hook = self._hook

    def open(self) -> None:
        self._open.set()

    async def _hook(self, request: web.Request) -> web.StreamResponse | None:
        if self.blob not in request.path or self._open.is_set():
            return None
        data = self._registry.blobs[self.blob]
        response = web.StreamResponse(headers={"Content-Length": str(len(data))})
        await response.prepare(request)
        await response.write(data[: len(data) // 2])
        self.reached.set()
        while not self._open.is_set():
            await asyncio.sleep(0.02)
        await response.write(data[len(data) // 2 :])
        return response


def names(target: Target) -> list[str]:
    return target.docker("images", "--format", "{{.Repository}}").out.split()


def parts(target: Target) -> list[Path]:
    return list((target.root / "data" / "registry").iterdir())


def pulling(target: Target, registry: Registry) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["docker", "pull", f"{registry.host}/app"],
        env=target.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_kill_9_in_the_middle_and_the_next_pull_goes_on(tmp_path: Path, registry: Registry) -> None:
    gate = Gate(registry)
    with ExitStack() as stack:
        target = stack.enter_context(start_hythe(tmp_path))
        client = pulling(target, registry)
        assert gate.reached.wait(15)
        wait_until(lambda: any(part.stat().st_size > BIG // 4 for part in parts(target)))
        os.kill(target.pid, signal.SIGKILL)
        client.communicate(timeout=30 * PATIENCE)
        gate.open()
        started(hythe_command(tmp_path), tmp_path / "again.log", tmp_path / "api.sock", stack)
        assert names(target) == ["busybox"]
        registry.asked.clear()
        pulled = target.docker("pull", f"{registry.host}/app")
        assert pulled.code == 0, pulled.err
        [asked] = registry.requests("GET", gate.blob)
        assert int(asked.range.removeprefix("bytes=").removesuffix("-")) > BIG // 4
        assert set(names(target)) == {"busybox", f"{registry.host}/app"} and parts(target) == []
        assert target.docker("run", "--rm", "--entrypoint", "", f"{registry.host}/app", "/small").code == 126


@pytest.mark.parametrize(
    ("point", "there"),
    [("daemon:pull:placing 2", 1), ("daemon:pull:recording 1", 2)],
)
def test_kill_9_between_the_steps(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch, point: str, there: int
) -> None:
    """No image, no folder that is half a layer; the next pull takes the layers that are whole for what they are."""
    monkeypatch.setenv("HYTHE_FAILPOINT", f"{point} {tmp_path / 'reached'}")
    with ExitStack() as stack:
        target = stack.enter_context(start_hythe(tmp_path))
        assert target.docker("pull", f"{registry.host}/app").code != 0
        assert (tmp_path / "reached").exists()
        started(hythe_command(tmp_path), tmp_path / "again.log", tmp_path / "api.sock", stack)
        assert names(target) == ["busybox"]
        assert list((tmp_path / "data" / "snapshots" / "tmp").iterdir()) == []
        pulled = target.docker("pull", f"{registry.host}/app")
        assert pulled.out.count("Already exists") == there and pulled.out.count("Pull complete") == 2 - there
        assert set(names(target)) == {"busybox", f"{registry.host}/app"} and parts(target) == []


def test_two_pulls_at_once_are_one_transfer(target: Target, tidy: None, registry: Registry) -> None:
    gate = Gate(registry)
    first = pulling(target, registry)
    assert gate.reached.wait(15)
    second = pulling(target, registry)
    wait_until(lambda: len(registry.requests("GET", "/manifests/latest")) == 2)
    gate.open()
    for client in (first, second):
        out, err = client.communicate(timeout=30 * PATIENCE)
        assert client.returncode == 0, err
        assert b"Pull complete" in out
    assert len(registry.requests("GET", gate.blob)) == 1


def test_one_of_two_who_leaves_does_not_take_the_other_along(
    target: Target, tidy: None, registry: Registry
) -> None:
    gate = Gate(registry)
    first = pulling(target, registry)
    assert gate.reached.wait(15)
    second = pulling(target, registry)
    wait_until(lambda: len(registry.requests("GET", "/manifests/latest")) == 2)
    first.kill()
    first.communicate(timeout=30 * PATIENCE)
    gate.open()
    _, err = second.communicate(timeout=30 * PATIENCE)
    assert second.returncode == 0, err


def test_nobody_waits_and_the_transfer_ends(target: Target, tidy: None, registry: Registry) -> None:
    gate = Gate(registry)
    client = pulling(target, registry)
    assert gate.reached.wait(15)
    wait_until(lambda: any(part.stat().st_size for part in parts(target)))
    client.kill()
    client.communicate(timeout=30 * PATIENCE)
    gate.open()
    pulled = target.docker("pull", "-q", f"{registry.host}/app")
    assert pulled.code == 0, pulled.err
    assert [bool(asked.range) for asked in registry.requests("GET", gate.blob)] == [False, True]


def test_a_full_disk(tmp_path: Path, registry: Registry) -> None:
    """One error, nothing left of the image, and what was taken is given back."""
    registry.image("huge", "latest", layer({"noise": os.urandom(40 << 20)}))
    data = tmp_path / "data"
    data.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m,mode=711", "small", str(data)], check=True)
    try:
        with start_hythe(tmp_path) as target:
            free = os.statvfs(data).f_bavail
            done = target.docker("pull", f"{registry.host}/huge")
            assert done.code != 0 and "no space left on device" in done.err.lower()
            assert names(target) == ["busybox"] and parts(target) == []
            wait_until(lambda: os.statvfs(data).f_bavail > free - 256)
            assert target.docker("pull", f"{registry.host}/app").code == 0
    finally:
        subprocess.run(["umount", str(data)], check=True)
