"""The list of what is served is what the code says."""

from __future__ import annotations

from pathlib import Path

from hythe.kube.apiserver.coverage import markdown
from hythe.kube.apiserver.subresources.table import handlers_of
from hythe.kube.objects.schema.resources import builtin

DOCUMENT = Path(__file__).parents[4] / "docs" / "kube-api.md"


def test_the_document_is_made_of_the_tables() -> None:
    assert DOCUMENT.read_text() == markdown(), "python -m hythe.kube.apiserver.coverage > docs/kube-api.md"


def test_every_verb_that_discovery_names_is_answered() -> None:
    missing = [
        f"{resource.qualified}/{sub.name} {verb}"
        for resource in builtin()
        for sub in resource.subresources.values()
        for verb in sub.verbs
        if verb not in handlers_of(resource, sub.name)
    ]
    assert missing == []
