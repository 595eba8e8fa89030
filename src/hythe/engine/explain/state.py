"""How the container is: its state, its first process on the host, restarts, health, and the log."""

from __future__ import annotations

import os
import time
from typing import Final

from msgspec import Struct

from hythe.engine.explain.subject import Subject
from hythe.engine.model import Container
from hythe.kernel.identity import start_time

_SECOND: Final = 1_000_000_000


class Restart(Struct):
    """`max_retries` 0: no end. `count` is how often hythe has started it again."""

    policy: str
    max_retries: int
    count: int


class HealthSeen(Struct):
    """`status` none: it has no health check. `last_exit` and `last_output` are of the latest probe."""

    status: str
    failing_streak: int
    last_exit: int | None
    last_output: str


class Log(Struct):
    """`size` in bytes with the rotated files, of which there are `files` with the present one."""

    driver: str
    path: str
    size: int
    files: int


class State(Struct):
    """Times in nanoseconds since the epoch, 0 is never. `process_started` by the kernel, `started` by hythe."""

    shown_by: list[str]
    status: str
    pid: int
    started: int
    process_started: int
    finished: int
    exit_code: int | None
    oom_killed: bool
    error: str
    command: list[str]
    restart: Restart
    health: HealthSeen
    log: Log


def _health(record: Container) -> HealthSeen:
    health = record.state.health
    if health is None:
        return HealthSeen("none", 0, None, "")
    last = health.log[-1] if health.log else None
    return HealthSeen(
        health.status, health.failing_streak, last.exit_code if last else None, last.output if last else ""
    )


def _log(subject: Subject) -> Log:
    driver = subject.record.spec.host.log.driver
    if driver == "none":
        return Log(driver, "", 0, 0)
    path = subject.parts.paths.log(subject.record.id)
    sizes = []
    for file in path.parent.glob(f"{path.name}*"):
        try:
            sizes.append(file.stat().st_size)
        except FileNotFoundError:
            continue  # rotated away meanwhile
    return Log(driver, str(path), sum(sizes), len(sizes))


def process_started(pid: int) -> int:
    """Nanoseconds since the epoch, as exactly as clock ticks are."""
    ticks = start_time(pid) * _SECOND // os.sysconf("SC_CLK_TCK")
    return time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME) + ticks


def state(subject: Subject) -> State:
    record, pid = subject.record, subject.pid
    now, restart = record.state, record.spec.host.restart
    return State(
        shown_by=[f"/proc/{pid}/stat"] if pid else ["hythe inspect"],
        status=now.status,
        pid=pid,
        started=now.started_at,
        process_started=process_started(pid) if pid else 0,
        finished=0 if pid else now.finished_at,
        exit_code=None if pid or not now.finished_at else now.exit_code,
        oom_killed=now.oom_killed,
        error=now.error,
        command=[*record.args],
        restart=Restart(restart.name, restart.max_retries, now.restart_count),
        health=_health(record),
        log=_log(subject),
    )
