"""Jobs on pods that a pretended kubelet starts and ends: counting, retries, indexes, limits, suspension, policies."""

from __future__ import annotations

from typing import Any

import pytest

from hythe.kube.client.resources import JOBS, PODS
from hythe.kube.controllers.job import indexes
from hythe.kube.controllers.job.controller import JobController
from hythe.kube.controllers.job.shape import INDEX, TRACKING
from hythe.kube.controllers.job.ttl import TtlAfterFinishedController
from hythe.kube.objects.types import Object
from tests.kube_cluster import Pretended, is_ready


def job(name: str = "sum", restart: str = "Never", **spec: Any) -> Object:
    pod = {"restartPolicy": restart, "containers": [{"name": "c", "image": "x"}]}
    template = {"metadata": {"labels": {"job-name": name}}, "spec": pod}
    wanted = {"parallelism": 1, "completions": 1, "backoffLimit": 6, **spec, "template": template}
    return {
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "namespace": "shop"}, "spec": wanted,
    }  # fmt: skip


class Ending:
    """Ends each pod that runs: with the exit code that `codes` gives in turn, 0 after that."""

    def __init__(self, at: Pretended, *codes: int) -> None:
        self.at, self.codes = at, list(codes)
        self.most = 0
        self.hold = False
        at.after_step = self

    def __call__(self) -> None:
        running = [
            pod for pod in self.at.pods() if is_ready(pod) and (pod.get("status") or {})["phase"] == "Running"
        ]
        self.most = max(self.most, len(running))
        for pod in [] if self.hold else running:
            code = self.codes.pop(0) if self.codes else 0
            ended = {"exitCode": code, "finishedAt": self.at.clock.now().isoformat()}
            statuses = [{"name": "c", "state": {"terminated": ended}}]
            pod["status"] = {"phase": "Failed" if code else "Succeeded", "containerStatuses": statuses}
            self.at.api.put(PODS, pod)


def status(at: Pretended) -> Object:
    found = at.api.get(JOBS, "sum", "shop")
    assert found is not None
    return dict(found.get("status") or {})


def conditions(at: Pretended) -> dict[str, str]:
    return {
        each["type"]: each["reason"] for each in status(at).get("conditions", []) if each["status"] == "True"
    }


async def test_a_job_runs_so_many_at_once_until_enough_have_succeeded() -> None:
    async with Pretended(JobController) as at:
        ending = Ending(at)
        await at.client.create(JOBS, job(completions=7, parallelism=3))
        await at.pass_time(30)
        found = status(at)
        assert (found["succeeded"], found.get("failed", 0), found.get("active", 0)) == (7, 0, 0)
        assert conditions(at) == {
            "SuccessCriteriaMet": "CompletionsReached",
            "Complete": "CompletionsReached",
        }
        assert found["completionTime"]
        assert found["startTime"]
        assert found["uncountedTerminatedPods"] == {}
        assert ending.most == 3
        assert len(at.pods()) == 7
        assert all(TRACKING not in (pod["metadata"].get("finalizers") or ()) for pod in at.pods())


async def test_failed_pods_are_replaced_later_and_later_up_to_the_limit() -> None:
    async with Pretended(JobController) as at:
        Ending(at, 1, 1, 1)
        await at.client.create(JOBS, job(backoffLimit=2))
        await at.pass_time(8)
        assert (status(at)["failed"], len(at.pods())) == (1, 1)
        await at.pass_time(12)
        assert len(at.pods()) == 2
        await at.pass_time(40)
        assert status(at)["failed"] == 3
        assert conditions(at)["Failed"] == "BackoffLimitExceeded"
        assert len(at.pods()) == 3


async def test_indexed_jobs_run_each_index_until_it_succeeds() -> None:
    async with Pretended(JobController) as at:
        Ending(at, 0, 1)
        await at.client.create(JOBS, job(completions=4, parallelism=2, completionMode="Indexed"))
        await at.pass_time(60)
        found = status(at)
        assert (found["completedIndexes"], found["succeeded"], found["failed"]) == ("0-3", 4, 1)
        seen = sorted(pod["metadata"]["annotations"][INDEX] for pod in at.pods())
        assert seen in (["0", "1", "1", "2", "3"], ["0", "0", "1", "2", "3"])
        pod = at.pods()[0]
        assert pod["spec"]["hostname"].startswith("sum-")
        assert pod["spec"]["containers"][0]["env"][0]["name"] == "JOB_COMPLETION_INDEX"


async def test_a_deadline_ends_the_job_and_its_pods() -> None:
    async with Pretended(JobController) as at:
        Ending(at).hold = True
        await at.client.create(JOBS, job(activeDeadlineSeconds=10))
        await at.pass_time(20)
        assert conditions(at) == {"FailureTarget": "DeadlineExceeded", "Failed": "DeadlineExceeded"}
        assert [pod for pod in at.pods() if not pod["metadata"].get("deletionTimestamp")] == []


async def test_a_suspended_job_has_no_pods_and_begins_anew_when_resumed() -> None:
    async with Pretended(JobController) as at:
        ending = Ending(at)
        ending.hold = True
        await at.client.create(JOBS, job(completions=2, parallelism=2))
        await at.pass_time(5)
        await at.change(JOBS, "sum", {"spec": {"suspend": True}})
        await at.pass_time(6)
        assert at.pods() == []
        assert conditions(at) == {"Suspended": "JobSuspended"}
        assert "startTime" not in status(at)
        ending.hold = False
        await at.change(JOBS, "sum", {"spec": {"suspend": False}})
        await at.pass_time(10)
        assert conditions(at)["Complete"] == "CompletionsReached"


@pytest.mark.parametrize(
    ("action", "failed", "reason"),
    [("FailJob", 1, "PodFailurePolicy"), ("Ignore", 0, ""), ("Count", 1, "BackoffLimitExceeded")],
)
async def test_a_failure_policy_decides_by_exit_code(action: str, failed: int, reason: str) -> None:
    rule = {"action": action, "onExitCodes": {"operator": "In", "values": [42]}}
    async with Pretended(JobController) as at:
        Ending(at, 42)
        await at.client.create(JOBS, job(backoffLimit=0, podFailurePolicy={"rules": [rule]}))
        await at.pass_time(30)
        assert status(at).get("failed", 0) == failed
        assert conditions(at).get("Failed", "") == reason
        assert ("Complete" in conditions(at)) == (action == "Ignore")


class ByIndex(Ending):
    """The pods of these indexes fail."""

    def __init__(self, at: Pretended, *failing: int) -> None:
        super().__init__(at)
        self.failing = failing

    def __call__(self) -> None:
        for pod in [pod for pod in self.at.pods() if is_ready(pod)]:
            index = int(pod["metadata"]["annotations"][INDEX])
            pod["status"] = {"phase": "Failed" if index in self.failing else "Succeeded"}
            self.at.api.put(PODS, pod)


async def test_an_index_that_fails_too_often_is_given_up_and_the_others_go_on() -> None:
    async with Pretended(JobController) as at:
        ByIndex(at, 0, 2)
        wanted = job(completions=4, parallelism=4, completionMode="Indexed", backoffLimitPerIndex=1)
        del wanted["spec"]["backoffLimit"]
        await at.client.create(JOBS, wanted)
        await at.pass_time(60)
        found = status(at)
        assert (found["completedIndexes"], found["failedIndexes"], found["failed"]) == ("1,3", "0,2", 4)
        assert conditions(at)["Failed"] == "FailedIndexes"


async def test_too_many_failed_indexes_end_the_job() -> None:
    async with Pretended(JobController) as at:
        ByIndex(at, 0, 1)
        extra: Object = {"backoffLimitPerIndex": 0, "maxFailedIndexes": 1}
        wanted = job(completions=6, parallelism=2, completionMode="Indexed", **extra)
        del wanted["spec"]["backoffLimit"]
        await at.client.create(JOBS, wanted)
        await at.pass_time(20)
        assert conditions(at)["Failed"] == "MaxFailedIndexesExceeded"
        assert status(at)["failedIndexes"] == "0,1"


async def test_a_success_policy_ends_the_job_when_the_indexes_that_matter_are_done() -> None:
    async with Pretended(JobController) as at:
        ByIndex(at, 0)
        policy = {"rules": [{"succeededIndexes": "0,2", "succeededCount": 1}]}
        wanted = job(completions=4, parallelism=4, completionMode="Indexed", successPolicy=policy)
        await at.client.create(JOBS, wanted)
        await at.pass_time(20)
        assert conditions(at) == {"SuccessCriteriaMet": "SuccessPolicy", "Complete": "SuccessPolicy"}


async def test_a_finished_job_goes_when_its_time_is_over() -> None:
    async with Pretended(JobController, TtlAfterFinishedController) as at:
        Ending(at)
        await at.client.create(JOBS, job(ttlSecondsAfterFinished=10))
        await at.pass_time(8)
        assert "Complete" in conditions(at)
        await at.pass_time(12)
        gone = at.api.get(JOBS, "sum", "shop")
        assert gone is None or gone["metadata"]["deletionTimestamp"]


async def test_pods_of_a_deleted_job_are_not_kept_by_the_finalizer() -> None:
    async with Pretended(JobController) as at:
        Ending(at)
        await at.client.create(JOBS, job(completions=2))
        await at.pass_time(2)
        at.api.remove(JOBS, "sum", "shop")
        await at.pass_time(3)
        assert all(TRACKING not in (pod["metadata"].get("finalizers") or ()) for pod in at.pods())


def test_indexes_are_written_as_ranges() -> None:
    assert indexes.text([0, 1, 2, 5, 7, 8]) == "0-2,5,7,8"
    assert indexes.parse("0-2,5,7,8", 8) == {0, 1, 2, 5, 7}
    assert indexes.parse("x,1-", 5) == set()
    assert indexes.text([]) == ""
