"""Lines of watches are made once, and not kept without end."""

from __future__ import annotations

import json

from hythe.kube.apiserver.encoding import pack
from hythe.kube.apiserver.lines import MAX_LINES, Lines
from hythe.kube.apiserver.records import Kept
from hythe.kube.objects.schema.resources import builtin


def _kept(revision: int, size: int = 1) -> Kept:
    definition = builtin().get("", "v1", "configmaps")
    assert definition is not None
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": "x" * size}}
    return Kept(definition, pack(obj), revision)


def test_a_line_is_made_once() -> None:
    lines, kept = Lines(), _kept(7)
    first = lines.line("ADDED", kept)
    assert lines.line("ADDED", kept) is first
    event = json.loads(first)
    assert (event["type"], event["object"]["metadata"]["resourceVersion"]) == ("ADDED", "7")
    assert lines.line("DELETED", kept) is not first


def test_only_so_many_lines_and_bytes_are_kept() -> None:
    lines = Lines()
    for revision in range(MAX_LINES + 5):
        lines.line("ADDED", _kept(revision))
    assert len(lines) == MAX_LINES
    small = Lines(most=1000)
    for revision in range(5):
        small.line("ADDED", _kept(revision, size=400))
    assert len(small) < 3
    assert small.line("ADDED", _kept(9, size=5000)).count(b"x") == 5000
    assert len(small) == 0
