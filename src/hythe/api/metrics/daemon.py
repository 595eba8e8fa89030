"""The engine as a whole, under dockerd's names (engine_daemon_*) where it has them, and its process (process_*)."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hythe import __version__
from hythe.api.docker import host
from hythe.api.metrics.exposition import Family, Sample, counter, gauge
from hythe.engine.engine import Engine

# dockerd has three; a container that waits for its restart counts as running there too.
_STATES: Final = {"running": "running", "restarting": "running", "paused": "paused"}


def families(engine: Engine) -> Iterator[Family]:
    """Read now."""
    facts, checks = host.facts(), engine.containers.health
    yield gauge(
        "engine_daemon_engine_info", "The engine and the machine that it runs on.", 1,
        architecture=facts["Architecture"], commit="", daemon_id=engine.instance, graphdriver="overlay2",
        kernel=facts["KernelVersion"], os=facts["OperatingSystem"], os_type="linux", os_version=facts["OSVersion"],
        version=__version__,
    )  # fmt: skip
    yield gauge("engine_daemon_engine_cpus_cpus", "Processors of this machine.", facts["NCPU"])
    yield gauge("engine_daemon_engine_memory_bytes", "Memory of this machine.", facts["MemTotal"])
    states = Counter(_STATES.get(each.state.status, "stopped") for each in engine.containers.list())
    yield Family(
        "engine_daemon_container_states_containers", "gauge", "Containers by state.",
        [Sample(states[state], {"state": state}) for state in ("paused", "running", "stopped")],
    )  # fmt: skip
    yield counter("engine_daemon_health_checks_total", "Health checks that were run.", checks.ran)
    yield counter("engine_daemon_health_checks_failed_total", "Health checks that failed.", checks.failed)
    yield counter("engine_daemon_events_total", "Events that were published.", engine.events.published)
    yield gauge("engine_daemon_events_subscribers_total", "Who listens to events now.", engine.events.readers)
    yield counter(
        "hythe_warden_restarts_total", "Wardens that were lost and replaced.", engine.warden_restarts
    )
    yield from _process()


def _process() -> Iterator[Family]:
    """The daemon's own process, as all clients of Prometheus tell it (proc(5))."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    booted = int(
        next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime"))[6:]
    )
    spent = (int(fields[11]) + int(fields[12])) / ticks
    yield counter("process_cpu_seconds_total", "Processor time of the daemon.", spent)
    yield gauge(
        "process_resident_memory_bytes", "Memory of the daemon.", int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
    )
    yield gauge(
        "process_open_fds", "Open descriptors of the daemon.", len(list(Path("/proc/self/fd").iterdir()))
    )
    yield gauge("process_start_time_seconds", "When the daemon started.", booted + int(fields[19]) / ticks)
