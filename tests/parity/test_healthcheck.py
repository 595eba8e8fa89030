"""Health checks: states, the log of probes, limits of time and number, and who may turn them off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.targets import Target
from tests.waiting import PATIENCE, wait_until

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("tidy")]

QUICK = ["--health-interval", f"{200 * PATIENCE:g}ms", "--health-timeout", "3s", "--health-retries", "2"]


def start(target: Target, *options: str, image: str = "busybox") -> None:
    started = target.docker("run", "-d", "--name", "patient", *options, image, "sleep", "1000")
    assert started.code == 0, started.err


def health(target: Target) -> dict[str, Any]:
    found: dict[str, Any] = target.inspect("patient")["State"]["Health"]
    return found


def reaches(target: Target, status: str) -> dict[str, Any]:
    """The health when it has become `status`."""
    wait_until(lambda: health(target)["Status"] == status, 15, status)
    return health(target)


def test_starting_then_healthy_then_not_then_again(target: Target) -> None:
    start(target, "--health-cmd", "echo looked; test -e /well", *QUICK)
    assert health(target)["Status"] == "starting"
    assert "(health: starting)" in target.docker("ps", "--format", "{{.Status}}").out
    target.docker("exec", "patient", "touch", "/well")
    well = reaches(target, "healthy")
    assert well["FailingStreak"] == 0
    assert (well["Log"][-1]["ExitCode"], well["Log"][-1]["Output"]) == (0, "looked\n")
    assert "(healthy)" in target.docker("ps", "--format", "{{.Status}}").out
    target.docker("exec", "patient", "rm", "/well")
    ill = reaches(target, "unhealthy")
    assert ill["FailingStreak"] >= 2 and ill["Log"][-1]["ExitCode"] == 1
    assert target.docker("ps", "-q", "--filter", "health=unhealthy").out != ""
    target.docker("exec", "patient", "touch", "/well")
    reaches(target, "healthy")


def test_the_log_keeps_the_last_five(target: Target) -> None:
    count = "echo x >> /n; wc -l < /n"
    start(target, "--health-cmd", count, *QUICK)
    wait_until(lambda: health(target)["Log"] and int(health(target)["Log"][-1]["Output"]) >= 7)
    numbers = [int(each["Output"]) for each in health(target)["Log"]]
    assert len(numbers) == 5 and numbers == list(range(numbers[0], numbers[0] + 5))


def test_a_probe_that_hangs_counts_as_failed(target: Target) -> None:
    options = ["--health-interval", "100ms", "--health-timeout", "300ms", "--health-retries", "1"]
    start(target, "--health-cmd", "sleep 60", *options)
    ill = reaches(target, "unhealthy")
    assert ill["Log"][-1]["ExitCode"] == -1
    assert "exceeded timeout" in ill["Log"][-1]["Output"]


def test_failures_in_the_start_period_do_not_count(target: Target) -> None:
    start(target, "--health-cmd", "echo x >> /n; test -e /well", *QUICK, "--health-start-period", "60s")
    wait_until(lambda: len(health(target)["Log"]) >= 3)
    assert (health(target)["Status"], health(target)["FailingStreak"]) == ("starting", 0)
    target.docker("exec", "patient", "touch", "/well")
    reaches(target, "healthy")


def test_the_image_has_a_check_and_the_command_line_may_drop_it(target: Target, tmp_path: Path) -> None:
    check = 'HEALTHCHECK --interval=200ms --retries=1 CMD ["test", "-e", "/etc/passwd"]'
    built = target.docker("build", "-q", "-t", "checked", "-", stdin=f"FROM busybox\n{check}\n".encode())
    assert built.code == 0, built.err
    start(target, image="checked")
    reaches(target, "healthy")
    target.docker("rm", "-f", "patient")
    start(target, "--no-healthcheck", image="checked")
    assert "Health" not in target.inspect("patient")["State"]
    assert target.inspect("patient")["Config"]["Healthcheck"]["Test"] == ["NONE"]


def test_the_check_has_the_user_and_environment_of_the_container(target: Target) -> None:
    start(
        target,
        "-u",
        "65534",
        "-e",
        "WORD=here",
        "-w",
        "/tmp",
        "--health-cmd",
        "id -u; echo $WORD; pwd",
        *QUICK,
    )
    assert reaches(target, "healthy")["Log"][-1]["Output"] == "65534\nhere\n/tmp\n"


def test_it_rests_while_the_container_is_stopped(target: Target) -> None:
    start(target, "--health-cmd", "true", *QUICK)
    reaches(target, "healthy")
    target.docker("stop", "-t", "0", "patient")
    # dockerd says unhealthy of a container that is stopped (moby daemon/health.go); its probes end in any case
    assert health(target)["Status"] in ("unhealthy", "healthy")
    target.docker("start", "patient")
    reaches(target, "healthy")


@pytest.mark.parametrize("option", [["--health-retries", "-1"], ["--health-interval", "1us"]])
def test_nonsense_is_refused(target: Target, option: list[str]) -> None:
    done = target.docker("run", "--rm", "--health-cmd", "true", *option, "busybox", "true")
    assert done.code == 125
    assert "Retries" in done.err or "retries" in done.err or "Interval" in done.err
