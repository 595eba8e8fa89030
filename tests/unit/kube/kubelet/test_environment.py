from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.kube.kubelet.env.expansion import expand
from hythe.kube.kubelet.env.fields import Place, field, resource
from hythe.kube.kubelet.env.services import service_variables
from hythe.kube.kubelet.env.variables import ConfigProblem, Source, environment, needed
from hythe.kube.objects.types import Object
from tests.unit.kube.kubelet.pods_double import one, pod

PLACE = Place(("10.0.0.2", "fd00::2"), ("10.9.9.9",), {"cpu": "4", "memory": "8Gi"})
SETTINGS: Object = {"data": {"colour": "red", "a.b": "dot", "a=b": "no"}}
KEY: Object = {"data": {"pass": base64.b64encode(b"word").decode()}}
SOURCES = {
    Source("configmap", "settings"): SETTINGS,
    Source("secret", "key"): KEY,
    Source("configmap", "none"): None,
}


def env(*entries: Object, services: dict[str, str] | None = None, **more: Any) -> dict[str, str]:
    container = one("a", env=list(entries), **more)
    return environment(pod(containers=[container]), container, SOURCES, services or {}, PLACE)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("$(A)", "1"), ("x$(A)y$(B)", "x1y$(B)"), ("$$(A)", "$(A)"), ("$$$(A)", "$1"), ("$A", "$A"), ("$", "$"),
        ("$(A", "$(A"), ("$()", "$()"), ("$$", "$"), ("a$$b", "a$b"),
    ],
)  # fmt: skip
def test_expansion(text: str, wanted: str) -> None:
    assert expand(text, {"A": "1"}) == wanted


@given(st.text(alphabet="ab()x "))
def test_text_without_dollars_is_left_alone(text: str) -> None:
    assert expand(text, {"a": "1"}) == text


def test_later_entries_win_and_refer_to_earlier_ones() -> None:
    found = env(
        {"name": "A", "value": "1"}, {"name": "B", "value": "$(A)$(S)$(C)"}, {"name": "C", "value": "3"},
        services={"S": "svc", "A": "lost"},
    )  # fmt: skip
    assert found == {"A": "1", "B": "1svc$(C)", "C": "3", "S": "svc"}


def test_references() -> None:
    found = env(
        {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "colour"}}},
        {"name": "P", "valueFrom": {"secretKeyRef": {"name": "key", "key": "pass"}}},
        {"name": "O", "valueFrom": {"configMapKeyRef": {"name": "none", "key": "x", "optional": True}}},
        {"name": "N", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "L", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
        envFrom=[{"configMapRef": {"name": "settings"}, "prefix": "X_"}],
    )
    assert found == {"X_colour": "red", "X_a.b": "dot", "C": "red", "P": "word", "N": "p", "L": "4"}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"configMapKeyRef": {"name": "none", "key": "x"}}, 'configmap "none" not found'),
        (
            {"configMapKeyRef": {"name": "settings", "key": "x"}},
            "couldn't find key x in ConfigMap ns/settings",
        ),
        ({"secretKeyRef": {"name": "key", "key": "x"}}, "couldn't find key x in Secret ns/key"),
    ],
)
def test_what_is_missing_is_told(entry: Object, message: str) -> None:
    with pytest.raises(ConfigProblem) as caught:
        env({"name": "A", "valueFrom": entry})
    assert caught.value.message == message


def test_needed_names_each_source_once() -> None:
    ref = {"valueFrom": {"configMapKeyRef": {"name": "settings", "key": "a"}}}
    container = one(
        "a", env=[{"name": "A"} | ref, {"name": "B"} | ref], envFrom=[{"secretRef": {"name": "key"}}]
    )
    assert needed(container) == {Source("configmap", "settings"), Source("secret", "key")}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.uid", "u1"), ("metadata.labels['app']", "p"), ("metadata.annotations['x']", ""),
        ("metadata.labels", 'app="p"'), ("spec.nodeName", "n"), ("status.podIP", "10.0.0.2"),
        ("status.podIPs", "10.0.0.2,fd00::2"), ("status.hostIP", "10.9.9.9"),
    ],
)  # fmt: skip
def test_fields(path: str, value: str) -> None:
    assert field(pod(), path, PLACE) == value


@pytest.mark.parametrize(
    ("limits", "reference", "value"),
    [
        ({"cpu": "1500m"}, {"resource": "limits.cpu"}, "2"),
        ({"cpu": "1500m"}, {"resource": "limits.cpu", "divisor": "1m"}, "1500"),
        ({"memory": "64Mi"}, {"resource": "limits.memory", "divisor": "1Mi"}, "64"),
        ({}, {"resource": "limits.memory", "divisor": "0"}, str(8 * 2**30)),
        ({}, {"resource": "requests.cpu"}, "0"),
    ],
)
def test_resources_are_rounded_up(limits: Object, reference: Object, value: str) -> None:
    container = one("a", resources={"limits": limits})
    assert resource(pod(containers=[container]), container, reference, PLACE) == value


def test_services() -> None:
    def service(name: str, space: str, address: str, *ports: Object) -> Object:
        return {
            "metadata": {"name": name, "namespace": space},
            "spec": {"clusterIP": address, "ports": list(ports)},
        }

    some = [
        service("my-db", "ns", "10.1.1.1", {"port": 80, "name": "web-ui"}, {"port": 81, "protocol": "UDP"}),
        service("headless", "ns", "None", {"port": 80}),
        service("other", "elsewhere", "10.1.1.3", {"port": 80}),
        service("kubernetes", "default", "10.96.0.1", {"port": 443, "name": "https"}),
    ]
    found = service_variables(some, "ns", links=True)
    assert found["MY_DB_SERVICE_PORT_WEB_UI"] == "80" and found["MY_DB_PORT"] == "tcp://10.1.1.1:80"
    assert found["MY_DB_PORT_81_UDP"] == "udp://10.1.1.1:81"
    assert {name.split("_")[0] for name in found} == {"MY", "KUBERNETES"}
    assert {name.split("_")[0] for name in service_variables(some, "ns", links=False)} == {"KUBERNETES"}
