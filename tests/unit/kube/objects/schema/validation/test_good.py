"""What is good is taken: all that kubectl makes by itself, and an application's manifests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from hythe.kube.objects.schema import decode, defaults, validation
from hythe.kube.objects.types import GroupVersionKind, Object
from tests.unit.kube.objects.schema.validation.asking import resource

HERE = Path(__file__)
ROOT = HERE.parents[6]
SENT = json.loads((HERE.parents[1] / "decode/kubectl-1.32.json").read_text())
MANIFESTS = sorted((ROOT / "examples/shop/kubernetes").glob("*.yaml"))


def causes(obj: Object) -> list[str]:
    gvk = GroupVersionKind.of(obj)
    found = resource(gvk.api_version, gvk.kind)
    if found.namespaced:
        obj.setdefault("metadata", {}).setdefault("namespace", "default")
    else:
        obj["metadata"].pop("namespace", None)
    made = decode.body(json.dumps(obj).encode(), "application/json", gvk, "Strict").object
    defaults.fill(made, gvk)
    return [str(cause) for cause in validation.create(made, found)]


@pytest.mark.parametrize(
    "sent", [one for one in SENT if "object" in one], ids=lambda one: str(one["command"])
)
def test_what_kubectl_makes(sent: dict[str, Any]) -> None:
    assert causes(sent["object"]) == []


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.name)
def test_the_shop(manifest: Path) -> None:
    for obj in yaml.safe_load_all(manifest.read_text()):
        if obj:
            assert causes(obj) == []


def test_there_are_manifests() -> None:
    assert MANIFESTS
