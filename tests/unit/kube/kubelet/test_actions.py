from __future__ import annotations

import pytest

from hythe.kube.kubelet.cri.observed import ContainerRecord, State
from hythe.kube.kubelet.pods.actions import Verdict, next_actions
from hythe.kube.objects.types import Object
from tests.unit.kube.kubelet.pods_double import Probed, one, pod, record, sandbox, seen, sidecar

EXITED = State.EXITED


def test_a_new_pod_gets_a_sandbox_and_all_its_containers() -> None:
    actions = next_actions(pod("a", "b"), seen(sandboxes=()), Probed())
    assert (actions.sandbox, actions.attempt, actions.start) == (True, 0, ["a", "b"])


def test_a_pod_as_it_should_be_wants_nothing() -> None:
    assert next_actions(pod("a"), seen(record("a")), Probed()).nothing


@pytest.mark.parametrize(
    ("policy", "code", "again"),
    [
        ("Always", 0, True),
        ("Always", 1, True),
        ("OnFailure", 0, False),
        ("OnFailure", 1, True),
        ("Never", 1, False),
    ],
)
def test_restart_policies(policy: str, code: int, again: bool) -> None:
    actions = next_actions(
        pod("a", "b", policy=policy), seen(record("a", EXITED, code=code), record("b")), Probed()
    )
    assert actions.start == (["a"] if again else [])
    assert not actions.end_pod


def test_a_pod_whose_containers_have_all_ended_is_ended() -> None:
    actions = next_actions(pod("a", policy="Never"), seen(record("a", EXITED)), Probed())
    assert actions.end_pod and not actions.sandbox


@pytest.mark.parametrize("policy", ["Never", "OnFailure"])
def test_a_finished_pod_gets_no_new_sandbox(policy: str) -> None:
    dead = (sandbox(ready=False),)
    actions = next_actions(pod("a", policy=policy), seen(record("a", EXITED), sandboxes=dead), Probed())
    assert not actions.sandbox


def test_a_dead_sandbox_is_replaced_and_initialisation_begins_anew() -> None:
    wanted = pod("a", inits=[one("i"), one("j")])
    there = seen(record("i", EXITED), record("j", EXITED), record("a"), sandboxes=(sandbox(ready=False),))
    actions = next_actions(wanted, there, Probed())
    assert (actions.end_pod, actions.sandbox, actions.attempt) == (True, True, 1)
    assert (actions.start_init, actions.start) == (["i"], [])


def test_a_sandbox_without_an_address_is_replaced() -> None:
    assert next_actions(pod(), seen(sandboxes=(sandbox(ips=()),)), Probed()).sandbox
    host = pod(hostNetwork=True)
    assert not next_actions(host, seen(sandboxes=(sandbox(ips=(), host_network=True),)), Probed()).sandbox


@pytest.mark.parametrize(
    ("records", "init", "main"),
    [
        ([], ["i"], []),
        ([record("i")], [], []),
        ([record("i", EXITED)], ["j"], []),
        ([record("i", EXITED), record("j", EXITED, code=1)], ["j"], []),
        ([record("i", EXITED), record("j", State.CREATED)], ["j"], []),
        ([record("i", EXITED), record("j", EXITED)], [], ["a"]),
        ([record("j", EXITED)], [], ["a"]),
    ],
)
def test_init_containers_run_one_after_the_other(
    records: list[ContainerRecord], init: list[str], main: list[str]
) -> None:
    actions = next_actions(pod("a", inits=[one("i"), one("j")]), seen(*records), Probed())
    assert (actions.start_init, actions.start) == (init, main)


def test_a_failed_init_container_ends_a_pod_that_never_restarts() -> None:
    wanted = pod("a", inits=[one("i")], policy="Never")
    actions = next_actions(wanted, seen(record("i", EXITED, code=1)), Probed())
    assert actions.end_pod and not actions.start_init


def test_once_initialised_init_containers_are_not_looked_at() -> None:
    actions = next_actions(pod("a", inits=[one("i")]), seen(record("a")), Probed())
    assert actions.nothing


def _with_sidecar(**more: object) -> Object:
    return pod("a", inits=[sidecar("s", **more), one("i")])


def test_a_sidecar_lets_the_next_start_when_it_has_started() -> None:
    assert next_actions(_with_sidecar(), seen(record("s")), Probed()).start_init == ["i"]
    slow = _with_sidecar(startupProbe={"exec": {}})
    assert next_actions(slow, seen(record("s")), Probed()).nothing
    started = Probed(startup_s_0=Verdict.SUCCESS)
    assert next_actions(slow, seen(record("s")), started).start_init == ["i"]


def test_a_sidecar_is_kept_running_whatever_the_policy() -> None:
    wanted = _with_sidecar() | {}
    wanted["spec"]["restartPolicy"] = "Never"
    there = seen(record("s", EXITED, code=0), record("i", EXITED), record("a"))
    assert next_actions(wanted, there, Probed()).start_init == ["s"]


def test_sidecars_end_with_the_last_main_container() -> None:
    wanted = _with_sidecar()
    wanted["spec"]["restartPolicy"] = "Never"
    there = seen(record("s"), record("i", EXITED), record("a", EXITED))
    actions = next_actions(wanted, there, Probed())
    assert actions.end_pod and not actions.start_init


def test_a_failed_liveness_probe_kills_and_says_so() -> None:
    bad = Probed(liveness_a_0=Verdict.FAILURE)
    (kill,) = next_actions(pod("a"), seen(record("a")), bad).kill
    assert kill.message == "Container a failed liveness probe, will be restarted"
    never = next_actions(pod("a", policy="Never"), seen(record("a")), bad)
    assert never.kill[0].message == "Container a failed liveness probe" and not never.start


def test_a_failed_startup_probe_kills() -> None:
    bad = Probed(startup_a_0=Verdict.FAILURE)
    assert (
        next_actions(pod("a"), seen(record("a")), bad)
        .kill[0]
        .message.startswith("Container a failed startup")
    )


def test_a_changed_image_restarts() -> None:
    changed = pod(containers=[one("a") | {"image": "i:2"}], policy="Never")
    actions = next_actions(changed, seen(record("a")), Probed())
    assert actions.kill[0].message == "Container a definition changed, will be restarted"


def test_ephemeral_containers_start_once_and_never_again() -> None:
    wanted = pod("a", ephemeralContainers=[one("e")])
    assert next_actions(wanted, seen(record("a")), Probed()).start_ephemeral == ["e"]
    assert next_actions(wanted, seen(record("a"), record("e", EXITED, code=1)), Probed()).nothing
