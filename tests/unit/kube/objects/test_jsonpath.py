"""JSON paths of printer columns and scale: what they lead to, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from hythe.kube.objects import jsonpath
from hythe.kube.objects.jsonpath import BadPath

OBJECT: dict[str, Any] = {
    "spec": {"replicas": 3, "ports": [{"port": 80}, {"port": 443}], "a.b": {"c-d": "x"}},
    "status": {
        "conditions": [
            {"type": "Ready", "status": "True", "n": 1},
            {"type": "Live", "status": "False", "n": 2},
        ]
    },
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".spec.replicas", [3]),
        ("{.spec.replicas}", [3]),
        ("$.spec.replicas", [3]),
        ("spec.replicas", [3]),
        (".spec.none.deeper", []),
        (".spec.ports[0].port", [80]),
        (".spec.ports[-1].port", [443]),
        (".spec.ports[9].port", []),
        (".spec.ports[*].port", [80, 443]),
        (".spec.ports[0:1].port", [80]),
        (".spec.ports[1:].port", [443]),
        (".spec['a.b'].c-d", ["x"]),
        (".spec.a\\.b['c-d']", ["x"]),
        ('.status.conditions[?(@.type=="Ready")].status', ["True"]),
        (".status.conditions[?(@.type=='Live')].status", ["False"]),
        (".status.conditions[?(@.n>1)].type", ["Live"]),
        (".status.conditions[?(@.type != 'Live')].type", ["Ready"]),
        (".status.conditions[?(@.n)].type", ["Ready", "Live"]),
        (".status.conditions[?(@.none==1)].type", []),
        ("..port", [80, 443]),
        (".spec.ports.*.port", [80, 443]),
    ],
)
def test_paths(path: str, found: list[Any]) -> None:
    assert jsonpath.find(path, OBJECT) == found


@pytest.mark.parametrize(
    "path", [".spec[", ".spec.ports[x]", ".spec.ports[?(@.a==)]", ".spec.{", "..[0]", ".a[?(@)]"]
)
def test_what_is_no_path(path: str) -> None:
    with pytest.raises(BadPath):
        jsonpath.find(path, OBJECT)
