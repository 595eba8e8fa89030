"""When lines of cron's are due, and which Jobs CronJobs make of that."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hythe.errors import InvalidArgument
from hythe.kube.client.resources import CRON_JOBS, JOBS
from hythe.kube.controllers.cronjob.controller import CronJobController
from hythe.kube.controllers.cronjob.schedule import parse
from hythe.kube.objects.types import Object
from tests.kube_cluster import Pretended


def after(text: str, moment: str, zone: str = "UTC") -> str:
    found = parse(text).after(datetime.fromisoformat(moment).replace(tzinfo=UTC), ZoneInfo(zone))
    return found.strftime("%Y-%m-%d %H:%M") if found else ""


@pytest.mark.parametrize(
    ("text", "moment", "expected"),
    [
        ("* * * * *", "2026-01-01 00:00:30", "2026-01-01 00:01"),
        ("*/15 * * * *", "2026-01-01 00:15", "2026-01-01 00:30"),
        ("30 4 1,15 * *", "2026-01-01 05:00", "2026-01-15 04:30"),
        ("0 0 * * 7", "2026-01-01 00:00", "2026-01-04 00:00"),
        ("0 0 13 * fri", "2026-01-01 00:00", "2026-01-02 00:00"),
        ("0 0 29 feb *", "2026-01-01 00:00", "2028-02-29 00:00"),
        ("0 0 30 2 *", "2026-01-01 00:00", ""),
        ("5-20/5 22-23 * * *", "2026-01-01 22:20", "2026-01-01 23:05"),
        ("@hourly", "2026-12-31 23:00", "2027-01-01 00:00"),
        ("@every 90m", "2026-01-01 00:10", "2026-01-01 01:40"),
    ],
)
def test_the_next_time(text: str, moment: str, expected: str) -> None:
    assert after(text, moment) == expected


def test_times_are_of_the_zone_and_those_that_the_clock_leaps_over_are_skipped() -> None:
    assert after("0 9 * * *", "2026-07-01 00:00", "America/New_York") == "2026-07-01 13:00"
    assert after("30 2 * * *", "2026-03-29 00:00", "Europe/Berlin") == "2026-03-30 00:30"


@pytest.mark.parametrize(
    "text", ["", "* * * *", "60 * * * *", "* * 0 * *", "*/0 * * * *", "a * * * *", "@every x"]
)
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse(text)


def cron(**spec: Any) -> Object:
    job: Object = {"spec": {"template": {"spec": {"containers": []}}}}
    return {
        "metadata": {"name": "tick", "namespace": "shop"},
        "spec": {"schedule": "* * * * *", "jobTemplate": job, **spec},
    }  # fmt: skip


def finish(at: Pretended, name: str, how: str = "Complete") -> None:
    job = at.api.get(JOBS, name, "shop")
    assert job is not None
    now = at.clock.now().isoformat()
    job["status"] = {"conditions": [{"type": how, "status": "True"}], "completionTime": now}
    at.api.put(JOBS, job)


def jobs(at: Pretended) -> list[str]:
    return [each["metadata"]["name"] for each in at.api.all(JOBS)]


def status(at: Pretended) -> Object:
    found = at.api.get(CRON_JOBS, "tick", "shop")
    assert found is not None
    return dict(found["status"])


async def test_a_job_is_made_each_minute_and_listed_while_it_runs() -> None:
    async with Pretended(CronJobController) as at:
        await at.client.create(CRON_JOBS, cron())
        await at.clock.advance(130)
        assert len(jobs(at)) == 2
        assert [each["name"] for each in status(at)["active"]] == jobs(at)
        finish(at, jobs(at)[0])
        await at.clock.advance(1)
        assert [each["name"] for each in status(at)["active"]] == jobs(at)[1:]
        assert status(at)["lastSuccessfulTime"]
        assert int(jobs(at)[0].rpartition("-")[2]) + 1 == int(jobs(at)[1].rpartition("-")[2])


@pytest.mark.parametrize(("policy", "made"), [("Allow", 3), ("Forbid", 1), ("Replace", 1)])
async def test_what_happens_while_one_still_runs(policy: str, made: int) -> None:
    async with Pretended(CronJobController) as at:
        await at.client.create(CRON_JOBS, cron(concurrencyPolicy=policy))
        await at.clock.advance(70)
        first = jobs(at)
        await at.clock.advance(120)
        assert len(jobs(at)) == made
        assert (first[0] in jobs(at)) == (policy != "Replace")


async def test_a_suspended_one_makes_nothing_and_missed_times_become_one_job() -> None:
    async with Pretended(CronJobController) as at:
        await at.client.create(CRON_JOBS, cron(suspend=True))
        await at.clock.advance(300)
        assert jobs(at) == []
        await at.change(CRON_JOBS, "tick", {"spec": {"suspend": False}})
        await at.clock.advance(1)
        assert len(jobs(at)) == 1


async def test_old_jobs_are_taken_away() -> None:
    async with Pretended(CronJobController) as at:
        await at.client.create(CRON_JOBS, cron(successfulJobsHistoryLimit=1, failedJobsHistoryLimit=0))
        for number in range(4):
            await at.clock.advance(61)
            finish(at, jobs(at)[-1], "Failed" if number == 3 else "Complete")
        await at.clock.advance(1)
        assert len(jobs(at)) == 1
