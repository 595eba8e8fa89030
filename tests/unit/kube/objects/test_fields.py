"""Field selectors: terms, escapes, which fields each kind has, and Kubernetes' messages."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.kube.objects import fields
from hythe.kube.objects.fields import InvalidSelector
from hythe.kube.objects.schema.resources import Resource, builtin


def resource(group: str, plural: str) -> Resource:
    found = builtin().get(group, "v1", plural)
    assert found is not None
    return found


PODS = resource("", "pods")

POD: dict[str, Any] = {
    "metadata": {"name": "web-0", "namespace": "shop"},
    "spec": {"nodeName": "n1"},
    "status": {"phase": "Running"},
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
        ("status.nominatedNodeName=", True),
        (",metadata.name=web-0,", True),
    ],
)
def test_what_is_selected(text: str, selected: bool) -> None:
    assert fields.parse(text, PODS).matches(POD) == selected


def test_an_exact_name_is_known() -> None:
    assert fields.parse("metadata.name=a", PODS).exact("metadata.name") == "a"
    assert fields.parse("metadata.name!=a", PODS).exact("metadata.name") is None


def test_events_by_source_and_reporter() -> None:
    event = {
        "involvedObject": {"name": "web-0"},
        "source": {},
        "reportingComponent": "kubelet",
        "type": "Warning",
    }
    selector = fields.parse("involvedObject.name=web-0,source=kubelet,type=Warning", resource("", "events"))
    assert selector.matches(event)


@pytest.mark.parametrize(
    ("group", "plural", "text", "message"),
    [
        ("", "pods", "spec.x=1", "field label not supported: spec.x"),
        (
            "apps",
            "deployments",
            "spec.x=1",
            '"spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
        ),
        ("", "namespaces", "metadata.namespace=a", "field label not supported: metadata.namespace"),
        ("batch", "jobs", "spec.x=1", 'field label "spec.x" not supported for Job'),
        ("", "pods", "a,metadata.name=b", "invalid selector: 'a,metadata.name=b'; can't understand 'a'"),
        ("", "pods", "metadata.name=a=b", "invalid field selector: unescaped character in value: 61"),
        ("", "pods", "metadata.name=\\a", "invalid field selector: invalid escape sequence: \\a"),
        ("", "pods", "metadata.name=a\\", "invalid field selector: invalid escape sequence: \\"),
    ],
)
def test_what_is_no_selector(group: str, plural: str, text: str, message: str) -> None:
    with pytest.raises(InvalidSelector) as problem:
        fields.parse(text, resource(group, plural))
    assert problem.value.message == message


def test_what_has_no_namespace_is_not_selected_by_one() -> None:
    with pytest.raises(InvalidSelector):
        fields.parse("metadata.namespace=x", resource("", "nodes"))


@given(st.text())
def test_every_value_can_be_written(value: str) -> None:
    text = f"metadata.name={fields.escaped(value)}"
    selector = fields.parse(text, PODS)
    assert selector.exact("metadata.name") == value and str(selector) == text
