"""What a path and a query ask for."""

from __future__ import annotations

from typing import Any

import pytest

from hythe.kube.apiserver.request import parse


@pytest.mark.parametrize(
    ("method", "path", "query", "expected"),
    [
        ("GET", "/api/v1/pods", {}, {"verb": "list", "resource": "pods"}),
        ("GET", "/api/v1/pods", {"watch": "true"}, {"verb": "watch", "resource": "pods"}),
        ("GET", "/api/v1/watch/pods", {}, {"verb": "watch", "resource": "pods"}),
        ("GET", "/api/v1/namespaces/a/pods/b", {}, {"verb": "get", "namespace": "a", "name": "b"}),
        ("GET", "/api/v1/namespaces/a/pods/b/log", {}, {"verb": "get", "subresource": "log"}),
        ("GET", "/api/v1/namespaces/a", {}, {"resource": "namespaces", "name": "a", "namespace": "a"}),
        ("PUT", "/api/v1/namespaces/a/finalize", {}, {"resource": "namespaces", "subresource": "finalize"}),
        ("GET", "/api/v1/namespaces/a/status", {}, {"resource": "namespaces", "subresource": "status"}),
        (
            "DELETE",
            "/apis/apps/v1/namespaces/a/deployments",
            {},
            {"verb": "deletecollection", "group": "apps"},
        ),
        ("POST", "/apis/apps/v1/namespaces/a/deployments", {}, {"verb": "create", "version": "v1"}),
        ("PATCH", "/api/v1/nodes/n%2Fx", {}, {"verb": "patch", "name": "n/x"}),
        ("GET", "/api/v1/pods", {"fieldSelector": "spec.x=y,metadata.name=z"}, {"verb": "list", "name": "z"}),
        ("GET", "/api/v1/nodes/n/proxy/logs/a", {}, {"subresource": "proxy", "rest": "logs/a"}),
        ("GET", "/healthz", {}, {"verb": "get", "resource": ""}),
        ("GET", "/apis/apps/v1", {}, {"resource": ""}),
    ],
)
def test_a_path_says_what_is_asked_for(
    method: str, path: str, query: dict[str, str], expected: dict[str, Any]
) -> None:
    info = parse(method, path, query)
    assert {key: getattr(info, key) for key in expected} == expected
