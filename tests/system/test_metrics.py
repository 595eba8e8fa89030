"""GET /metrics of a daemon, as Prometheus' own parser reads it, against what its containers do."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from prometheus_client.parser import text_string_to_metric_families

import hythe
from tests.targets import Target, hythe_command, start_hythe
from tests.tidy import tidied
from tests.waiting import wait_until

pytestmark = pytest.mark.root


class Scraped(NamedTuple):
    engine: Target
    address: str

    def samples(self) -> dict[str, list[Any]]:
        """Name -> samples."""
        with urllib.request.urlopen(f"http://{self.address}/metrics", timeout=30) as answer:
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            content = answer.read().decode()
        found: dict[str, list[Any]] = {}
        for family in text_string_to_metric_families(content):
            assert family.documentation
            for sample in family.samples:
                found.setdefault(sample.name, []).append(sample)
        return found

    def value(self, name: str, **labels: str) -> float:
        """The sum of those with these labels; 0 without any."""
        samples = self.samples().get(name, [])
        return float(sum(each.value for each in samples if labels.items() <= each.labels.items()))


def free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraped]:
    address = free_address()
    with start_hythe(tmp_path_factory.mktemp("metrics"), "--metrics-addr", address) as engine:
        yield Scraped(engine, address)


@pytest.fixture
def client(scraped: Scraped) -> Iterator[hythe.Client]:
    with tidied(scraped.engine), hythe.connect(scraped.engine.host) as connected:
        yield connected


def test_the_engine(scraped: Scraped) -> None:
    samples = scraped.samples()
    (info,) = samples["engine_daemon_engine_info"]
    assert (
        info.value == 1
        and info.labels["version"] == hythe.__version__
        and info.labels["kernel"] == os.uname()[2]
    )
    assert samples["engine_daemon_engine_cpus_cpus"][0].value == os.cpu_count()
    assert samples["process_resident_memory_bytes"][0].value > 10 * 2**20
    assert samples["process_start_time_seconds"][0].value == pytest.approx(
        Path(f"/proc/{scraped.engine.pid}").stat().st_mtime, abs=60
    )


def test_containers_by_state(scraped: Scraped, client: hythe.Client) -> None:
    with (
        client.containers.run("busybox", "sleep 1000", init=True),
        client.containers.run("busybox", "sleep 1000", init=True) as second,
        client.containers.create("busybox"),
    ):
        second.pause()
        name = "engine_daemon_container_states_containers"
        states = {each.labels["state"]: each.value for each in scraped.samples()[name]}
        assert states == {"running": 1, "paused": 1, "stopped": 1}
        second.unpause()


def test_what_a_container_uses(scraped: Scraped, client: hythe.Client) -> None:
    burn = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"
    script = f"{burn}; dd if=/dev/zero of=/block bs=1M count=4 conv=fsync; ping -c 3 $PEER; echo done; exec sleep 1000"
    with client.containers.run("busybox", "sleep 1000", init=True) as peer:
        address = peer.info().networks["bridge"].address
        with client.containers.run(
            "busybox", ["sh", "-c", script], name="busy", memory="64m", environment={"PEER": address}
        ) as busy:
            busy.wait_for_log("done", timeout=60)
            samples, stats = scraped.samples(), busy.stats()

            def value(name: str, **labels: str) -> float:
                own = {"id": busy.id, "name": "busy", "image": "busybox", **labels}
                found = [each.value for each in samples.get(name, []) if own.items() <= each.labels.items()]
                assert found, name
                return float(sum(found))

            assert value("container_cpu_usage_seconds_total") == pytest.approx(stats.cpu_seconds, rel=0.2)
            assert value("container_cpu_usage_seconds_total") > 0.05
            assert value("container_spec_memory_limit_bytes") == 64 * 2**20
            assert (
                0
                < value("container_memory_working_set_bytes")
                <= value("container_memory_usage_bytes")
                <= 64 * 2**20
            )
            assert value("container_network_receive_packets_total", interface="eth0") >= 3
            assert value("container_network_transmit_bytes_total", interface="eth0") >= 3 * 84
            assert value("container_processes") >= 1
            started = busy.info().state.started_at
            assert started and value("container_start_time_seconds") == pytest.approx(
                started.timestamp(), abs=1
            )
            written = [
                each
                for each in samples.get("container_fs_writes_bytes_total", [])
                if each.labels["name"] == "busy"
            ]
            assert sum(each.value for each in written) == stats.disk_written
    assert "busy" not in {each.labels["name"] for each in scraped.samples().get("container_processes", [])}


def test_actions_and_requests_are_counted(scraped: Scraped, client: hythe.Client) -> None:
    count = "engine_daemon_container_actions_seconds_count"
    before = {action: scraped.value(count, action=action) for action in ("create", "start", "delete")}
    missing = {"route": "/containers/{ref}/json", "code": "404", "method": "GET"}
    not_found = scraped.value("hythe_http_requests_total", **missing)
    client.containers.check_output("busybox", "true")
    with pytest.raises(hythe.NotFound):
        client.containers.get("nosuch")
    assert {action: scraped.value(count, action=action) - number for action, number in before.items()} == {
        "create": 1, "start": 1, "delete": 1,
    }  # fmt: skip
    assert scraped.value("hythe_http_requests_total", **missing) == not_found + 1
    took = scraped.value("hythe_http_request_duration_seconds_sum", route="/containers/{ref}/start")
    assert 0 < took < 60


def test_health_checks_and_events(scraped: Scraped, client: hythe.Client) -> None:
    ran, failed = "engine_daemon_health_checks_total", "engine_daemon_health_checks_failed_total"
    before = scraped.value(ran), scraped.value(failed), scraped.value("engine_daemon_events_total")
    check: hythe.Healthcheck = {"test": "test -e /well", "interval": 0.3}
    with client.containers.run("busybox", "sleep 1000", init=True, healthcheck=check) as container:
        wait_until(lambda: scraped.value(failed) >= before[1] + 2, what="two failures")
        container.write_file("/well", b"")
        container.wait_healthy(timeout=20)
    assert scraped.value(ran) - before[0] >= scraped.value(failed) - before[1] + 1
    assert scraped.value("engine_daemon_events_total") > before[2]
    listeners = scraped.value("engine_daemon_events_subscribers_total")
    with client.events():
        assert scraped.value("engine_daemon_events_subscribers_total") == listeners + 1


def test_a_lost_warden_is_counted(scraped: Scraped, client: hythe.Client) -> None:
    before = scraped.value("hythe_warden_restarts_total")
    with client.containers.run("busybox", "sleep 1000", init=True) as container:
        status = Path(f"/proc/{container.info().state.pid}/status").read_text()
        warden = int(next(line for line in status.splitlines() if line.startswith("PPid")).split()[1])
        os.kill(warden, signal.SIGKILL)
        wait_until(lambda: scraped.value("hythe_warden_restarts_total") == before + 1, what="the next warden")
        assert container.exec("echo still").stdout == b"still\n"


def test_nothing_else_is_answered_there(scraped: Scraped) -> None:
    for path, method, code in (
        ("/containers/json", "GET", 404),
        ("/", "GET", 404),
        ("/metrics", "POST", 405),
    ):
        request = urllib.request.Request(f"http://{scraped.address}{path}", method=method)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=10)
        assert refused.value.code == code


def test_a_taken_port_is_told(scraped: Scraped, tmp_path: Path) -> None:
    command = [*hythe_command(tmp_path), "--metrics-addr", scraped.address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and f"cannot listen on {scraped.address}: the port is in use" in done.stderr
