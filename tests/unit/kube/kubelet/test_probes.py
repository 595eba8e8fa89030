from __future__ import annotations

import pytest

from hythe.errors import InvalidArgument
from hythe.kube.kubelet.pods.actions import Verdict
from hythe.kube.kubelet.probes.http import headers_of, url_of
from hythe.kube.kubelet.probes.state import Kind, Probe, Schedule, held_before
from hythe.kube.kubelet.probes.targets import port_number

SUCCESS, FAILURE, UNKNOWN = Verdict.SUCCESS, Verdict.FAILURE, Verdict.UNKNOWN


def test_defaults_are_those_of_the_api() -> None:
    assert Schedule.of({}) == Schedule(delay=0, period=10, timeout=1, successes=1, failures=3)


@pytest.mark.parametrize(
    ("kind", "first"), [("liveness", SUCCESS), ("readiness", FAILURE), ("startup", UNKNOWN)]
)
def test_before_the_first_answer(kind: Kind, first: Verdict) -> None:
    assert Probe(kind, Schedule.of({})).verdict is first


@pytest.mark.parametrize(
    ("answers", "verdicts"),
    [
        ("+", [SUCCESS]),
        ("+--+--", [SUCCESS] * 6),
        ("+---", [SUCCESS, SUCCESS, SUCCESS, FAILURE]),
        ("---+", [FAILURE, FAILURE, FAILURE, SUCCESS]),
    ],
)
def test_failures_count_in_a_row(answers: str, verdicts: list[Verdict]) -> None:
    probe = Probe("readiness", Schedule.of({"failureThreshold": 3}))
    found = []
    for answer in answers:
        probe.answered(answer == "+")
        found.append(probe.verdict)
    assert found == verdicts


def test_successes_may_have_to_come_in_a_row_too() -> None:
    probe = Probe("readiness", Schedule.of({"successThreshold": 2, "failureThreshold": 1}))
    assert [probe.answered(well) for well in (True, False, True, True, True)] == [
        False,
        False,
        False,
        True,
        False,
    ]
    assert probe.verdict is SUCCESS


def test_what_an_earlier_kubelet_found_holds_for_the_same_container() -> None:
    known = {"name": "c", "containerID": "hythe://abc", "ready": True, "started": True}
    pod = {"status": {"containerStatuses": [known]}}
    assert held_before(pod, "abc", "readiness")
    assert held_before(pod, "abc", "startup")
    assert not held_before(pod, "abc", "liveness")
    assert not held_before(pod, "another", "readiness")
    assert not held_before({"status": {"containerStatuses": [{**known, "ready": False}]}}, "abc", "readiness")
    assert not held_before({}, "abc", "readiness")


def test_when_no_more_is_asked() -> None:
    startup = Probe("startup", Schedule.of({"failureThreshold": 2}))
    assert not startup.over
    startup.answered(False)
    assert not startup.over
    startup.answered(True)
    assert startup.over
    liveness = Probe("liveness", Schedule.of({"failureThreshold": 1}))
    assert liveness.answered(False) and liveness.over


def test_ports() -> None:
    container = {"name": "a", "ports": [{"name": "web", "containerPort": 8080}]}
    assert [port_number(port, container) for port in ("web", "80", 81)] == [8080, 80, 81]
    for wrong in ("none", 0, "70000"):
        with pytest.raises(InvalidArgument):
            port_number(wrong, container)


def test_http_requests() -> None:
    assert url_of({"path": "x?a=1"}, "10.0.0.1", 80) == "http://10.0.0.1:80/x?a=1"
    assert url_of({"scheme": "HTTPS"}, "fd00::1", 443) == "https://[fd00::1]:443/"
    given = {"httpHeaders": [{"name": "user-agent", "value": "me"}, {"name": "Accept", "value": ""}]}
    assert headers_of(given, "kube-probe/1.32") == {"User-Agent": "me", "Connection": "close"}
