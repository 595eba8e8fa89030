"""Errors in Kubernetes' words: codes, reasons, messages and details of a Status."""

from __future__ import annotations

import pytest

from hythe.kube.objects import status
from hythe.kube.objects.status import ApiError, Cause


def test_not_found_names_resource_group_and_object() -> None:
    assert status.not_found("deployments.apps", "web").status() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'deployments.apps "web" not found',
        "reason": "NotFound",
        "details": {"name": "web", "group": "apps", "kind": "deployments"},
        "code": 404,
    }


def test_the_core_group_is_not_named() -> None:
    assert status.not_found("pods", "web").details == {"name": "web", "kind": "pods"}


def test_one_cause_is_told_plainly() -> None:
    error = status.invalid("Pod", "p", [Cause("FieldValueRequired", "Required value", "spec.containers")])
    assert error.message == 'Pod "p" is invalid: spec.containers: Required value'
    assert error.code == 422
    assert error.details["causes"] == [
        {"reason": "FieldValueRequired", "message": "Required value", "field": "spec.containers"}
    ]


def test_several_causes_stand_in_brackets_each_once() -> None:
    cause, other = (
        Cause("FieldValueInvalid", "Invalid value: 1", "a"),
        Cause("FieldValueForbidden", "no", "b"),
    )
    error = status.invalid("Pod", "p", [cause, other, cause])
    assert error.message == 'Pod "p" is invalid: [a: Invalid value: 1, b: no]'
    assert len(error.details["causes"]) == 3


@pytest.mark.parametrize(
    ("resource", "name", "message"),
    [
        ("", "", "forbidden: why"),
        ("pods", "", "pods is forbidden: why"),
        ("roles.rbac.authorization.k8s.io", "r", 'roles.rbac.authorization.k8s.io "r" is forbidden: why'),
    ],
)
def test_forbidden(resource: str, name: str, message: str) -> None:
    assert status.forbidden(resource, name, "why").message == message


def test_a_status_survives_the_wire() -> None:
    sent = status.invalid("Service", "s", [Cause("FieldValueInvalid", "Invalid value", "spec.ports")])
    back = ApiError.from_status(sent.status())
    assert (back.code, back.reason, back.message, back.details) == (
        422,
        "Invalid",
        sent.message,
        sent.details,
    )
    assert back.causes == [Cause("FieldValueInvalid", "Invalid value", "spec.ports")]


def test_the_http_code_stands_in_for_a_missing_one() -> None:
    assert ApiError.from_status({"message": "x"}, 503).code == 503


def test_an_eviction_that_must_wait_says_how_long() -> None:
    error = status.too_many_requests("Cannot evict pod", 10, [Cause("DisruptionBudget", "needs 2")])
    assert error.retry_after == 10
    assert error.status()["details"]["causes"] == [{"reason": "DisruptionBudget", "message": "needs 2"}]
