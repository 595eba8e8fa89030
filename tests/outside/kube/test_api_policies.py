"""ValidatingAdmissionPolicy: expressions that writes must meet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.outside.kube.api import Api, Object, config_map
from tests.waiting import wait_until

PATH = "/apis/admissionregistration.k8s.io/v1"
MAPS = {
    "apiGroups": [""],
    "apiVersions": ["v1"],
    "operations": ["CREATE", "UPDATE"],
    "resources": ["configmaps"],
}


@pytest.fixture
def made(api: Api, room: str) -> Iterator[Callable[..., None]]:
    """Makes a policy that holds in the room alone, and waits until it does."""
    name = room.rpartition("/")[2]

    def make(spec: Object, *actions: str, **binding: Any) -> None:
        rules = {"resourceRules": [MAPS]}
        policy = {"metadata": {"name": name}, "spec": {"matchConstraints": rules, **spec}}
        api.ok("POST", f"{PATH}/validatingadmissionpolicies", policy)
        inside = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
        bound = {"policyName": name, "validationActions": list(actions) or ["Deny"], "matchResources": inside}
        api.ok(
            "POST", f"{PATH}/validatingadmissionpolicybindings",
            {"metadata": {"name": name}, "spec": {**bound, **binding}},
        )  # fmt: skip

    yield make
    api("DELETE", f"{PATH}/validatingadmissionpolicybindings/{name}")
    api("DELETE", f"{PATH}/validatingadmissionpolicies/{name}")


def _refusal(api: Api, room: str, body: Object) -> Any:
    """The answer to a dry run that a policy refuses; policies hold a moment after they are made."""
    return wait_until(
        lambda: next(
            (a for a in [api("POST", f"{room}/configmaps?dryRun=All", body)] if a.code != 201), None
        ),
        20,
    )


def test_a_validation_that_fails_refuses(api: Api, room: str, made: Callable[..., None]) -> None:
    made({"validations": [{"expression": "object.data.a != 'b'", "message": "b is no good"}]})
    refused = _refusal(api, room, config_map("one"))
    name = room.rpartition("/")[2]
    said = f"ValidatingAdmissionPolicy '{name}' with binding '{name}' denied request: b is no good"
    assert (refused.code, refused.body["reason"]) == (422, "Invalid")
    assert refused.body["message"] == f'configmaps "one" is forbidden: {said}'
    api.ok("POST", f"{room}/configmaps", {**config_map("two"), "data": {"a": "c"}})
    assert api("PUT", f"{room}/configmaps/two", config_map("two")).code == 422


def test_variables_conditions_and_messages(api: Api, room: str, made: Callable[..., None]) -> None:
    made(
        {
            "variables": [
                {"name": "size", "expression": "size(object.data)"},
                {"name": "most", "expression": "request.operation == 'CREATE' ? 1 : variables.size"},
            ],
            "matchConditions": [{"name": "named", "expression": "object.metadata.name.startsWith('big')"}],
            "validations": [
                {
                    "expression": "variables.size <= variables.most",
                    "messageExpression": "'at most ' + string(variables.most)",
                    "reason": "Forbidden",
                }
            ],
        }
    )
    big = {**config_map("big"), "data": {"a": "1", "b": "2"}}
    refused = _refusal(api, room, big)
    assert (refused.code, refused.body["message"].rpartition(": ")[2]) == (403, "at most 1")
    api.ok("POST", f"{room}/configmaps", {**big, "metadata": {"name": "small"}})


def test_a_warning_lets_through(api: Api, room: str, made: Callable[..., None]) -> None:
    made({"validations": [{"expression": "false"}]}, "Warn")

    def warned() -> str:
        return api("POST", f"{room}/configmaps?dryRun=All", config_map("one")).headers.get("warning", "")

    assert "failed expression: false" in wait_until(warned, 20)


def test_parameters_come_from_an_object(api: Api, room: str, made: Callable[..., None]) -> None:
    api.ok("POST", f"{room}/configmaps", {**config_map("limits"), "data": {"word": "b"}})
    made(
        {
            "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
            "validations": [{"expression": "object.data.a != params.data.word"}],
        },
        paramRef={"name": "limits", "parameterNotFoundAction": "Deny"},
    )
    assert _refusal(api, room, config_map("one")).code == 422
    api.ok("POST", f"{room}/configmaps", {**config_map("two"), "data": {"a": "z"}})


def test_an_expression_that_means_nothing_is_refused(api: Api, room: str) -> None:
    spec = {"matchConstraints": {"resourceRules": [MAPS]}, "validations": [{"expression": "object.("}]}
    bad = api("POST", f"{PATH}/validatingadmissionpolicies", {"metadata": {"name": "bad"}, "spec": spec})
    assert bad.code == 422
    assert bad.body["details"]["causes"][0]["field"] == "spec.validations[0].expression"
    assert "compilation failed" in bad.body["message"]
    spec["validations"] = [{"expression": "authorizer.group('').check('get').allowed()"}]
    bad = api("POST", f"{PATH}/validatingadmissionpolicies", {"metadata": {"name": "bad"}, "spec": spec})
    assert "undeclared reference" in bad.body["message"]
