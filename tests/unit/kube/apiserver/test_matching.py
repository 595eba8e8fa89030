"""Which writes a policy is about."""

from __future__ import annotations

from typing import Any

import pytest

from hythe.kube.apiserver.admission.chain import Review
from hythe.kube.apiserver.admission.matching import matches
from hythe.kube.apiserver.identity import LOCAL
from hythe.kube.objects.schema.resources import builtin

RULE = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["deployments"]}
SPACE = {"metadata": {"name": "ns", "labels": {"env": "prod"}}}


def _review(subresource: str = "", operation: str = "CREATE", **labels: str) -> Review:
    definition = builtin().get("apps", "v1", "deployments")
    assert definition is not None
    obj = {"metadata": {"name": "web", "labels": labels}}
    return Review(operation, definition, subresource, "ns", "web", obj, None, LOCAL, False, [])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"]}, True),
        ({"apiGroups": [""]}, False),
        ({"apiVersions": ["v2"]}, False),
        ({"operations": ["UPDATE", "DELETE"]}, False),
        ({"resources": ["pods", "deployments/status"]}, False),
        ({"resources": ["deployments/*"]}, True),
        ({"scope": "Namespaced"}, True),
        ({"scope": "Cluster"}, False),
        ({"resourceNames": ["web"]}, True),
        ({"resourceNames": ["other"]}, False),
    ],
)
def test_rules(change: dict[str, Any], expected: bool) -> None:
    assert matches({"resourceRules": [{**RULE, **change}]}, _review(), SPACE) is expected
    excluded = {"resourceRules": [RULE], "excludeResourceRules": [{**RULE, **change}]}
    assert matches(excluded, _review(), SPACE) is not expected


def test_subresources() -> None:
    assert matches(
        {"resourceRules": [{**RULE, "resources": ["deployments/status"]}]}, _review("status"), SPACE
    )
    assert matches({"resourceRules": [{**RULE, "resources": ["*/*"]}]}, _review("status"), SPACE)
    assert not matches({"resourceRules": [RULE]}, _review("status"), SPACE)


def test_selectors() -> None:
    assert matches({"namespaceSelector": {"matchLabels": {"env": "prod"}}}, _review(), SPACE)
    assert not matches({"namespaceSelector": {"matchLabels": {"env": "test"}}}, _review(), SPACE)
    assert matches({"objectSelector": {"matchLabels": {"a": "b"}}}, _review(a="b"), SPACE)
    assert not matches({"objectSelector": {"matchLabels": {"a": "b"}}}, _review(), SPACE)
