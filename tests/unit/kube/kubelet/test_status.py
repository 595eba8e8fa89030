from __future__ import annotations

from typing import Any

import pytest

from hythe.kube.kubelet.cri.observed import Observed, State
from hythe.kube.kubelet.pods.actions import Verdict
from hythe.kube.kubelet.status.containers import Facts, Waiting
from hythe.kube.kubelet.status.pod import Circumstances, Failure, pod_status
from hythe.kube.kubelet.status.publisher import status_patch
from hythe.kube.objects.types import Object
from tests.unit.kube.kubelet.pods_double import Probed, one, pod, record, sandbox, seen, sidecar

NOW, BEFORE = "2026-01-01T00:00:10Z", "2026-01-01T00:00:00Z"
EXITED = State.EXITED


def status(wanted: Object, there: Observed, *, old: Object | None = None, **more: Any) -> Object:
    waiting = more.pop("waiting", {})
    facts = Facts(
        wanted, there, old or {}, waiting, more.pop("messages", {}), more.pop("probes", Probed()), "cri"
    )
    return pod_status(facts, Circumstances(NOW, ("10.9.9.9",), "BestEffort", **more))


def condition(found: Object, kind: str) -> Object:
    return next(one for one in found["conditions"] if one["type"] == kind)


@pytest.mark.parametrize(
    ("policy", "states", "phase"),
    [
        ("Always", [], "Pending"),
        ("Always", ["run"], "Pending"),
        ("Always", ["run", "run"], "Running"),
        ("Always", ["run", 1], "Running"),
        ("Always", [0, 0], "Running"),
        ("OnFailure", [0, 0], "Succeeded"),
        ("OnFailure", [0, 1], "Running"),
        ("Never", [0, 0], "Succeeded"),
        ("Never", [0, 1], "Failed"),
        ("Never", ["run", 1], "Running"),
    ],
)
def test_phase(policy: str, states: list[Any], phase: str) -> None:
    records = [
        record(name) if state == "run" else record(name, EXITED, code=state)
        for name, state in zip("ab", states, strict=False)
    ]
    assert status(pod("a", "b", policy=policy), seen(*records))["phase"] == phase


def test_before_anything_runs() -> None:
    found = status(pod("a", inits=[one("i")]), seen(sandboxes=()))
    assert found["phase"] == "Pending" and found["startTime"] == NOW
    assert found["containerStatuses"][0]["state"] == {"waiting": {"reason": "PodInitializing"}}
    assert condition(found, "PodReadyToStartContainers")["status"] == "False"
    assert condition(found, "Initialized") == {
        "type": "Initialized", "status": "False", "reason": "ContainersNotInitialized",
        "message": "containers with incomplete status: [i]", "lastTransitionTime": NOW,
    }  # fmt: skip
    plain = status(pod("a"), seen())
    assert plain["containerStatuses"][0]["state"] == {"waiting": {"reason": "ContainerCreating"}}
    assert condition(plain, "Initialized")["status"] == "True"
    assert condition(plain, "Ready")["message"] == "containers with unready status: [a]"


def test_ready_needs_the_probe() -> None:
    wanted = pod(containers=[one("a", readinessProbe={"exec": {}})])
    assert condition(status(wanted, seen(record("a"))), "Ready")["status"] == "False"
    good = status(wanted, seen(record("a")), probes=Probed(readiness_a_0=Verdict.SUCCESS))
    assert condition(good, "Ready")["status"] == "True"
    assert good["podIP"] == "10.0.0.2" and good["hostIPs"] == [{"ip": "10.9.9.9"}]


def test_not_started_is_not_ready() -> None:
    wanted = pod(containers=[one("a", startupProbe={"exec": {}})])
    (found,) = status(wanted, seen(record("a")))["containerStatuses"]
    assert (found["started"], found["ready"]) == (False, False)


def test_transition_times_change_with_the_status_alone() -> None:
    old = {
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": BEFORE}],
        "startTime": BEFORE,
    }
    same = status(pod("a"), seen(record("a")), old=old)
    assert condition(same, "Ready")["lastTransitionTime"] == BEFORE and same["startTime"] == BEFORE
    other = status(pod("a"), seen(record("a", EXITED)), old=old)
    assert condition(other, "Ready")["lastTransitionTime"] == NOW


def test_crash_loop_waits_and_remembers() -> None:
    waiting = {"a": Waiting("CrashLoopBackOff", "back-off 10s")}
    found = status(
        pod("a"), seen(record("a", EXITED, code=3, attempt=2)), waiting=waiting, messages={"a-2": "bye"}
    )
    (only,) = found["containerStatuses"]
    assert only["state"] == {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}
    ended = only["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"], ended["message"], ended["containerID"]) == (
        3,
        "Error",
        "bye",
        "cri://a-2",
    )
    assert only["restartCount"] == 2 and found["phase"] == "Running"


def test_a_reason_to_wait_does_not_hide_a_running_container() -> None:
    waiting = {"a": Waiting("ErrImagePull", "")}
    assert "running" in status(pod("a"), seen(record("a")), waiting=waiting)["containerStatuses"][0]["state"]


def test_two_instances_are_state_and_last_state() -> None:
    there = seen(record("a", EXITED, code=1), record("a", attempt=1))
    (only,) = status(pod("a"), there)["containerStatuses"]
    assert only["containerID"] == "cri://a-1" and only["lastState"]["terminated"]["exitCode"] == 1


def test_what_the_runtime_has_forgotten_is_kept_or_told() -> None:
    ended = {
        "name": "a",
        "state": {"terminated": {"exitCode": 0}},
        "ready": False,
        "restartCount": 0,
        "image": "i",
    }
    (kept,) = status(pod("a", policy="Never"), seen(), old={"containerStatuses": [ended]})[
        "containerStatuses"
    ]
    assert kept["state"] == {"terminated": {"exitCode": 0}}
    ran = ended | {"state": {"running": {}}}
    (lost,) = status(pod("a"), seen(), old={"containerStatuses": [ran]})["containerStatuses"]
    assert lost["lastState"]["terminated"]["reason"] == "ContainerStatusUnknown"
    assert lost["restartCount"] == 1


def test_init_and_sidecar_statuses() -> None:
    wanted = pod("a", inits=[one("i"), sidecar("s")])
    found = status(wanted, seen(record("i", EXITED), record("s")))
    first, second = found["initContainerStatuses"]
    assert (first["ready"], second["ready"], second["started"]) == (True, True, True)
    assert condition(found, "Initialized")["status"] == "True"
    assert condition(found, "ContainersReady")["message"] == "containers with unready status: [a]"


def test_statuses_are_sorted_by_name() -> None:
    found = status(pod("z", "b"), seen())
    assert [each["name"] for each in found["containerStatuses"]] == ["b", "z"]


def test_end_of_a_pod() -> None:
    done = status(
        pod("a", policy="Never"), seen(record("a", EXITED), sandboxes=()), ended=True, finished=True
    )
    assert done["phase"] == "Succeeded"
    assert condition(done, "Ready")["reason"] == "PodCompleted"
    never = status(pod("a"), seen(sandboxes=()), ended=True, finished=True)
    assert never["phase"] == "Failed"
    ended = never["containerStatuses"][0]["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (137, "ContainerStatusUnknown")


def test_failures_of_the_kubelets_own() -> None:
    late = Failure("DeadlineExceeded", "too late")
    found = status(pod("a"), seen(record("a")), failure=late)
    assert (found["phase"], found["reason"], found["message"]) == ("Failed", "DeadlineExceeded", "too late")
    assert condition(found, "ContainersReady")["reason"] == "PodFailed"
    later = status(pod("a"), seen(record("a", EXITED)), old=found)
    assert (later["phase"], later["reason"]) == ("Failed", "DeadlineExceeded")


def test_readiness_gates() -> None:
    wanted = pod("a", readinessGates=[{"conditionType": "x"}])
    missing = condition(status(wanted, seen(record("a"))), "Ready")
    assert missing["reason"] == "ReadinessGatesNotReady"
    wanted["status"] = {"conditions": [{"type": "x", "status": "False"}]}
    said = condition(status(wanted, seen(record("a"))), "Ready")["message"]
    assert said == 'the status of pod readiness gate "x" is not "True", but False'
    wanted["status"] = {"conditions": [{"type": "x", "status": "True"}]}
    assert condition(status(wanted, seen(record("a"))), "Ready")["status"] == "True"


def test_host_network_has_the_nodes_address() -> None:
    host = (sandbox(ips=(), host_network=True),)
    assert status(pod("a", hostNetwork=True), seen(sandboxes=host))["podIP"] == "10.9.9.9"


def test_patch_names_what_differs_and_leaves_others_conditions() -> None:
    ready = {"type": "Ready", "status": "False", "reason": "x", "message": "y"}
    old = {"phase": "Pending", "conditions": [ready, {"type": "mine", "status": "True"}], "podIPs": [{"ip": "1"}],
           "message": "gone"}  # fmt: skip
    new = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "podIPs": [{"ip": "2"}]}
    assert status_patch(old, new) == {
        "phase": "Running",
        "message": None,
        "podIPs": [{"ip": "2"}, {"$patch": "replace"}],
        "conditions": [{"type": "Ready", "status": "True", "reason": None, "message": None}],
    }
    assert status_patch(new, new) == {}
