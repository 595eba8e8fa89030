"""GET /containers/{id}/stats: once, after a second, every second; the fields on both versions of control groups."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any

import pytest

from tests.parity.lives import V, make, perform
from tests.parity.raw import ask, connect
from tests.targets import Target
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("tidy")]

NEVER = "0001-01-01T00:00:00Z"


@pytest.fixture
def busy(target: Target) -> str:
    id = make(target, "busy", "while :; do :; done", NanoCpus=200_000_000, Memory=64 << 20)
    assert perform(target, id, "start").status == 204
    return id


def stats(target: Target, id: str, query: str) -> dict[str, Any]:
    answer = ask(target, "GET", f"{V}/containers/{id}/stats?{query}")
    assert answer.status == 200, answer
    found: dict[str, Any] = answer.json
    return found


def test_once_and_at_once(target: Target, busy: str) -> None:
    began = time.monotonic()
    shown = stats(target, busy, "stream=0&one-shot=1")
    assert time.monotonic() - began < 0.9 * PATIENCE
    assert (shown["preread"], shown["id"], shown["name"]) == (NEVER, busy, "/busy")
    assert shown["precpu_stats"]["cpu_usage"]["total_usage"] == 0


def test_once_with_a_reading_before_it(target: Target, busy: str) -> None:
    shown = stats(target, busy, "stream=0")
    assert NEVER < shown["preread"] < shown["read"]
    now, before = shown["cpu_stats"], shown["precpu_stats"]
    assert now["cpu_usage"]["total_usage"] > before["cpu_usage"]["total_usage"] > 0
    assert now["system_cpu_usage"] > before["system_cpu_usage"]


def test_every_second(target: Target, busy: str) -> None:
    with connect(target) as connection:
        connection.sendall(f"GET {V}/containers/{busy}/stats HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        response = http.client.HTTPResponse(connection)
        response.begin()
        first, second, third = (json.loads(response.readline()) for _ in range(3))
    assert third["precpu_stats"] == second["cpu_stats"] and third["preread"] == second["read"]
    assert first["cpu_stats"]["cpu_usage"]["total_usage"] < third["cpu_stats"]["cpu_usage"]["total_usage"]


def test_fields(target: Target, busy: str) -> None:
    shown = stats(target, busy, "stream=0&one-shot=1")
    version = ask(target, "GET", f"{V}/info").json["CgroupVersion"]
    cpu, memory = shown["cpu_stats"], shown["memory_stats"]
    assert cpu["online_cpus"] >= 1 and cpu["throttling_data"]["periods"] >= 0
    assert memory["limit"] == 64 << 20 and 0 < memory["usage"] < memory["limit"]
    assert shown["pids_stats"]["current"] == 1
    assert set(shown["networks"]) == {"eth0"}
    assert "rx_bytes" in shown["networks"]["eth0"] and "tx_dropped" in shown["networks"]["eth0"]
    if version == "1":
        assert sum(cpu["cpu_usage"]["percpu_usage"]) > 0
        assert "max_usage" in memory and "total_inactive_file" in memory["stats"]
        assert shown["blkio_stats"]["io_merged_recursive"] == []
    else:
        assert "percpu_usage" not in cpu["cpu_usage"]
        assert "inactive_file" in memory["stats"] and "anon" in memory["stats"]
        assert shown["blkio_stats"]["io_merged_recursive"] is None


def test_of_one_that_does_not_run(target: Target) -> None:
    id = make(target, "idle", "true")
    shown = stats(target, id, "stream=0&one-shot=1")
    assert (shown["read"], shown["name"]) == (NEVER, "/idle")
    assert shown["cpu_stats"]["cpu_usage"]["total_usage"] == 0 and not shown["memory_stats"].get("usage")
