"""Field selectors: terms, escapes, which fields each kind has, and Kubernetes' messages."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.kube.objects import fields
from hythe.kube.objects.fields import InvalidSelector

POD: dict[str, Any] = {
    "metadata": {"name": "web-0", "namespace": "shop"},
    "spec": {"nodeName": "n1"},
    "status": {"phase": "Running", "podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}]},
}


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("", True),
        ("metadata.name=web-0", True),
        ("metadata.name==web-0,metadata.namespace=shop", True),
        ("metadata.name!=web-0", False),
        ("spec.nodeName=n1,status.phase!=Failed", True),
        ("spec.nodeName=", False),
        ("spec.hostNetwork=false", True),
        ("status.podIPs=10.0.0.1\\,fd00::1", True),
        ("status.nominatedNodeName=", True),
        (",metadata.name=web-0,", True),
    ],
)
def test_what_is_selected(text: str, selected: bool) -> None:
    assert fields.parse(text, kind="Pod").matches(POD) == selected


def test_an_exact_name_is_known() -> None:
    assert fields.parse("metadata.name=a", kind="Pod").exact("metadata.name") == "a"
    assert fields.parse("metadata.name!=a", kind="Pod").exact("metadata.name") is None


def test_events_by_source_and_reporter() -> None:
    event = {
        "involvedObject": {"name": "web-0"},
        "source": {},
        "reportingComponent": "kubelet",
        "type": "Warning",
    }
    selector = fields.parse("involvedObject.name=web-0,source=kubelet,type=Warning", kind="Event")
    assert selector.matches(event)


def test_fields_of_custom_resources() -> None:
    custom = fields.custom_fields([{"jsonPath": ".spec.color"}])
    selector = fields.parse("spec.color=red", group="x.io", kind="Shirt", custom=custom)
    assert selector.matches({"spec": {"color": "red"}}) and not selector.matches({"spec": {}})


@pytest.mark.parametrize(
    ("group", "kind", "text", "message"),
    [
        ("", "Pod", "spec.x=1", "field label not supported: spec.x"),
        (
            "apps",
            "Deployment",
            "spec.x=1",
            '"spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
        ),
        ("batch", "Job", "spec.x=1", 'field label "spec.x" not supported for Job'),
        ("", "Pod", "a,metadata.name=b", "invalid selector: 'a,metadata.name=b'; can't understand 'a'"),
        ("", "Pod", "metadata.name=a=b", "invalid field selector: unescaped character in value: 61"),
        ("", "Pod", "metadata.name=\\a", "invalid field selector: invalid escape sequence: \\a"),
        ("", "Pod", "metadata.name=a\\", "invalid field selector: invalid escape sequence: \\"),
    ],
)
def test_what_is_no_selector(group: str, kind: str, text: str, message: str) -> None:
    with pytest.raises(InvalidSelector) as problem:
        fields.parse(text, group=group, kind=kind)
    assert problem.value.message == message


def test_what_has_no_namespace_is_not_selected_by_one() -> None:
    with pytest.raises(InvalidSelector):
        fields.parse("metadata.namespace=x", kind="Node", namespaced=False)


@given(st.text())
def test_every_value_can_be_written(value: str) -> None:
    text = f"metadata.name={fields.escaped(value)}"
    selector = fields.parse(text, kind="Pod")
    assert selector.exact("metadata.name") == value and str(selector) == text
