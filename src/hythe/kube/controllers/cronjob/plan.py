"""What a CronJob does now. Pure.

The Job of the last time that was missed is made (one, however many were missed) unless it is too late for it, or
another one runs and the policy forbids that. Its name holds the minute it was due, so that no time is used twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from hythe.errors import InvalidArgument
from hythe.kube.client.cache import copied
from hythe.kube.client.clock import parse as moment_of
from hythe.kube.client.clock import timestamp
from hythe.kube.client.resources import CRON_JOBS
from hythe.kube.controllers.cronjob.schedule import Schedule, parse
from hythe.kube.controllers.job.shape import condition_of, is_finished
from hythe.kube.controllers.owners import reference
from hythe.kube.objects.types import Object

_TOO_MANY: Final = 100
_SCHEDULED_AT: Final = "batch.kubernetes.io/cronjob-scheduled-timestamp"


class Due(NamedTuple):
    """`at`: the time that a Job is to be made for, if there is one; `next`: the one after now; `missed`: how many."""

    at: datetime | None
    next: datetime | None
    missed: int


def due(cron: Object, now: datetime) -> Due:
    """Raises InvalidArgument for a schedule or a zone that cannot be understood."""
    spec = cron["spec"]
    schedule, zone = parse(spec["schedule"]), zone_of(cron)
    earliest = moment_of((cron.get("status") or {}).get("lastScheduleTime"))
    earliest = earliest or moment_of(cron["metadata"].get("creationTimestamp")) or now
    limit = spec.get("startingDeadlineSeconds")
    if limit is not None:
        earliest = max(earliest, now - timedelta(seconds=int(limit)))
    last, missed = None, 0
    upcoming = schedule.after(earliest, zone)
    while upcoming is not None and upcoming <= now:
        last, missed = upcoming, missed + 1
        if missed > _TOO_MANY:
            last, upcoming = _latest(schedule, now, zone) or last, schedule.after(now, zone)
            break
        upcoming = schedule.after(last, zone)
    return Due(last, upcoming, missed)


def _latest(schedule: Schedule, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The last time before now, looked for backwards in growing steps."""
    for back in (1, 60, 24 * 60, 32 * 24 * 60, 366 * 24 * 60):
        found, upcoming = None, schedule.after(now - timedelta(minutes=back), zone)
        while upcoming is not None and upcoming <= now:
            found, upcoming = upcoming, schedule.after(upcoming, zone)
        if found is not None:
            return found
    return None


def zone_of(cron: Object) -> ZoneInfo:
    name = cron["spec"].get("timeZone") or "UTC"
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise InvalidArgument(f"unknown time zone {name}") from error


def job_for(cron: Object, at: datetime) -> Object:
    """The Job of one time."""
    template = cron["spec"]["jobTemplate"]
    meta = template.get("metadata") or {}
    made: Object = {
        "name": f"{cron['metadata']['name'][:52]}-{int(at.timestamp()) // 60}",
        "namespace": cron["metadata"]["namespace"], "ownerReferences": [reference(cron, CRON_JOBS)],
        "annotations": {**(meta.get("annotations") or {}), _SCHEDULED_AT: timestamp(at.astimezone(UTC))},
    }  # fmt: skip
    if meta.get("labels"):
        made["labels"] = copied(meta["labels"])
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": made, "spec": copied(template["spec"])}


def surplus(cron: Object, jobs: Sequence[Object]) -> list[Object]:
    """Finished Jobs beyond the two history limits, the oldest first."""
    found = []
    for kind, field, usual in (
        ("Complete", "successfulJobsHistoryLimit", 3),
        ("Failed", "failedJobsHistoryLimit", 1),
    ):
        ended = [job for job in jobs if condition_of(job, kind) is not None]
        ended.sort(
            key=lambda job: str(
                (job.get("status") or {}).get("startTime") or job["metadata"]["creationTimestamp"]
            )
        )
        limit = int(cron["spec"].get(field, usual))
        found += ended[: max(0, len(ended) - limit)]
    return found


def status(cron: Object, jobs: Sequence[Object], started: datetime | None) -> Object:
    """`active`: what runs; the last times that one was made, and that one succeeded."""
    known = dict(cron.get("status") or {})
    active = [
        {
            "apiVersion": "batch/v1", "kind": "Job", "name": job["metadata"]["name"],
            "namespace": job["metadata"]["namespace"], "uid": job["metadata"]["uid"],
            "resourceVersion": job["metadata"]["resourceVersion"],
        }
        for job in sorted(jobs, key=lambda each: str(each["metadata"]["name"]))
        if not is_finished(job)
    ]  # fmt: skip
    before = {each["uid"]: each for each in known.pop("active", ())}
    if active:
        known["active"] = [before.get(each["uid"], each) for each in active]
    if started is not None:
        known["lastScheduleTime"] = timestamp(started)
    ends = [
        str((job.get("status") or {}).get("completionTime", ""))
        for job in jobs
        if condition_of(job, "Complete")
    ]
    newest = max([*ends, str(known.get("lastSuccessfulTime", ""))])
    return known | ({"lastSuccessfulTime": newest} if newest else {})
