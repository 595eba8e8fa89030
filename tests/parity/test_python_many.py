"""The Python client with many things at once: tasks that are cancelled, threads, an engine that goes away."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import hythe
from tests.targets import Target
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("tidy")]

MANY = 20


@pytest.fixture
def no_leaks() -> Iterator[None]:
    """As many descriptors after as before."""
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    yield
    assert len(os.listdir("/proc/self/fd")) <= before  # noqa: PTH208


async def test_many_at_once(target: Target) -> None:
    async with hythe.connect_async(target.host) as client:
        outputs = await asyncio.gather(
            *(client.containers.check_output("busybox", ["echo", str(n)]) for n in range(MANY))
        )
        assert [output.stdout for output in outputs] == [f"{n}\n".encode() for n in range(MANY)]
        assert await client.containers.list(all=True) == ()


async def test_a_wait_that_is_cancelled(target: Target, no_leaks: None) -> None:
    async with (
        hythe.connect_async(target.host) as client,
        await client.containers.run(
            "busybox", "sleep 1000", init=True, healthcheck={"test": "false"}
        ) as container,
    ):
        for wait in (container.wait, container.wait_healthy, lambda: container.wait_for_log("never")):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await wait()
        assert (await container.info()).state.running
        assert (await container.exec("echo still")).stdout == b"still\n"


async def test_a_stream_that_is_left(target: Target, no_leaks: None) -> None:
    async with (
        hythe.connect_async(target.host) as client,
        await client.containers.run("busybox", "yes", init=True) as container,
    ):
        for _ in range(5):
            async with await container.log_stream() as stream:
                assert (await anext(stream)).data
        async with await client.events() as events:
            await container.kill()
            assert (await anext(events)).action == "kill"
    await asyncio.sleep(0)


def test_threads_share_a_client(target: Target, no_leaks: None) -> None:
    with hythe.connect(target.host) as client, ThreadPoolExecutor(8) as pool:
        outputs = list(
            pool.map(lambda n: client.containers.check_output("busybox", ["echo", str(n)]), range(MANY))
        )
        assert [output.stdout for output in outputs] == [f"{n}\n".encode() for n in range(MANY)]


def test_a_timeout_bounds_an_answer(target: Target, tmp_path: Path) -> None:
    """Of a daemon that accepts and never answers."""
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "silent.sock"))
        silent.listen()
        began = time.monotonic()
        with pytest.raises(hythe.Unavailable, match="timed out"):
            hythe.connect(f"unix://{tmp_path}/silent.sock", timeout=0.5).ping()

        async def asked() -> None:
            async with hythe.connect_async(f"unix://{tmp_path}/silent.sock", timeout=0.5) as client:
                await client.ping()

        with pytest.raises(hythe.Unavailable, match="timed out"):
            asyncio.run(asked())
        assert time.monotonic() - began < 10 * PATIENCE
